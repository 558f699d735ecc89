//! What reaches out: foreign data, publications, subscriptions. Their options may hold passwords; only a hash is kept.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "foreign data wrappers",
        since: 0,
        sql: "
SELECT 'foreign data wrapper', quote_ident(fdwname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(fdwowner), 'handler', nullif(fdwhandler, 0)::regprocedure::text,
             'validator', nullif(fdwvalidator, 0)::regprocedure::text, '~options', (SELECT md5(string_agg(o, ', ' ORDER BY o)) FROM unnest(fdwoptions) AS o)]
FROM pg_foreign_data_wrapper WHERE NOT MEMBER('pg_foreign_data_wrapper'::regclass, pg_foreign_data_wrapper.oid)",
    },
    Question {
        about: "foreign servers",
        since: 0,
        sql: "
SELECT 'server', quote_ident(srvname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(srvowner), 'type', srvtype, 'version', srvversion,
             'wrapper', (SELECT quote_ident(fdwname) FROM pg_foreign_data_wrapper WHERE oid = srvfdw),
             '~options', (SELECT md5(string_agg(o, ', ' ORDER BY o)) FROM unnest(srvoptions) AS o)]
FROM pg_foreign_server WHERE NOT MEMBER('pg_foreign_server'::regclass, pg_foreign_server.oid)",
    },
    Question {
        about: "user mappings",
        since: 0,
        sql: "
SELECT 'user mapping', format('%s at %I', CASE umuser WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(umuser)) END, srvname),
       NULL::text, NULL::text, ARRAY['~options'::text, (SELECT md5(string_agg(o, ', ' ORDER BY o)) FROM unnest(umoptions) AS o)]
FROM pg_user_mapping JOIN pg_foreign_server AS server ON server.oid = umserver",
    },
    Question {
        about: "publications",
        since: 0,
        sql: "
SELECT 'publication', quote_ident(pubname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(pubowner), 'all tables', puballtables::text, 'insert', pubinsert::text,
             'update', pubupdate::text, 'delete', pubdelete::text, 'truncate', pubtruncate::text, 'via root', pubviaroot::text,
             'generated columns', to_jsonb(pg_publication) ->> 'pubgencols']
FROM pg_publication",
    },
    Question {
        about: "tables of publications, without their conditions",
        since: 0,
        sql: "
SELECT 'published table', format('%s in %I', prrelid::regclass, pubname), schema.nspname::text, relation.relname::text,
       ARRAY[]::text[]
FROM pg_publication_rel JOIN pg_publication AS publication ON publication.oid = prpubid
JOIN pg_class AS relation ON relation.oid = prrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace",
    },
    Question {
        about: "tables of publications",
        since: 15,
        sql: "
SELECT 'published table', format('%s in %I', prrelid::regclass, pubname), schema.nspname::text, relation.relname::text,
       ARRAY['where'::text, pg_get_expr(prqual, prrelid),
             'columns', (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname)
                         FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs::int2[]))]
FROM pg_publication_rel JOIN pg_publication AS publication ON publication.oid = prpubid
JOIN pg_class AS relation ON relation.oid = prrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace",
    },
    Question {
        about: "schemas of publications",
        since: 15,
        sql: "
SELECT 'published schema', format('%s in %I', pnnspid::regnamespace, pubname), NULL::text, NULL::text, ARRAY[]::text[]
FROM pg_publication_namespace JOIN pg_publication AS publication ON publication.oid = pnpubid",
    },
    Question {
        about: "subscriptions",
        since: 0,
        sql: "
SELECT 'subscription', quote_ident(subname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subowner), 'enabled', subenabled::text, 'slot', subslotname::text,
             'synchronous commit', subsynccommit, 'publications', array_to_string(subpublications, ', '),
             '~connection', md5(subconninfo), 'binary', options ->> 'subbinary', 'streaming', options ->> 'substream',
             'two-phase', options ->> 'subtwophasestate', 'disabled on error', options ->> 'subdisableonerr',
             'password required', options ->> 'subpasswordrequired', 'run as owner', options ->> 'subrunasowner',
             'failover', options ->> 'subfailover', 'origin', options ->> 'suborigin']
FROM pg_subscription CROSS JOIN to_jsonb(pg_subscription) AS options
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    },
];
