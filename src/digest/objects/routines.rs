//! Functions, procedures, aggregates, operators, casts, operator classes, access methods.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "functions",
        since: 0,
        sql: "
SELECT CASE subject.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       format('%I.%I(%s)', schema.nspname, subject.proname, pg_get_function_identity_arguments(subject.oid)),
       NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.proowner),
             'definition', CASE WHEN subject.prokind <> 'a' THEN pg_get_functiondef(subject.oid) END,
             'aggregate', (SELECT concat_ws(', ', pg_get_function_result(subject.oid), subject.proparallel, aggkind, aggnumdirectargs,
                             aggtransfn::oid::regprocedure, nullif(aggfinalfn::oid, 0)::regprocedure, nullif(aggcombinefn::oid, 0)::regprocedure,
                             nullif(aggserialfn::oid, 0)::regprocedure, nullif(aggdeserialfn::oid, 0)::regprocedure,
                             nullif(aggmtransfn::oid, 0)::regprocedure, nullif(aggminvtransfn::oid, 0)::regprocedure,
                             nullif(aggmfinalfn::oid, 0)::regprocedure, aggfinalextra, aggmfinalextra, aggfinalmodify,
                             aggmfinalmodify, nullif(aggsortop, 0)::regoperator, aggtranstype::regtype, aggtransspace,
                             nullif(aggmtranstype, 0)::regtype, aggmtransspace, agginitval, aggminitval)
                           FROM pg_aggregate WHERE aggfnoid = subject.oid)]
FROM pg_proc AS subject JOIN pg_namespace AS schema ON schema.oid = subject.pronamespace
WHERE subject.oid >= 16384 AND schema.nspname !~ '^pg_(toast_)?temp_' AND NOT MEMBER('pg_proc'::regclass, subject.oid)",
    },
    Question {
        about: "operators",
        since: 0,
        sql: "
SELECT 'operator', format('%I.%s(%s, %s)', schema.nspname, subject.oprname,
                          coalesce(nullif(subject.oprleft, 0)::regtype::text, 'none'),
                          coalesce(nullif(subject.oprright, 0)::regtype::text, 'none')),
       NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.oprowner), 'function', nullif(subject.oprcode::oid, 0)::regprocedure::text,
             'result', nullif(subject.oprresult, 0)::regtype::text, 'merges', subject.oprcanmerge::text,
             'hashes', subject.oprcanhash::text, 'commutator', nullif(subject.oprcom, 0)::regoperator::text,
             'negator', nullif(subject.oprnegate, 0)::regoperator::text,
             'restrict', nullif(subject.oprrest::oid, 0)::regproc::text, 'join', nullif(subject.oprjoin::oid, 0)::regproc::text]
FROM pg_operator AS subject JOIN pg_namespace AS schema ON schema.oid = subject.oprnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_operator'::regclass, subject.oid)",
    },
    Question {
        about: "casts",
        since: 0,
        sql: "
SELECT 'cast', castsource::regtype || ' to ' || casttarget::regtype, NULL::text, NULL::text,
       ARRAY['function'::text, nullif(castfunc, 0)::regprocedure::text, 'context', castcontext::text, 'method', castmethod::text]
FROM pg_cast WHERE oid >= 16384 AND NOT MEMBER('pg_cast'::regclass, pg_cast.oid)",
    },
    Question {
        about: "operator classes",
        since: 0,
        sql: "
SELECT 'operator class', format('%I.%I using %I', schema.nspname, subject.opcname, method.amname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.opcowner), 'type', subject.opcintype::regtype::text,
             'default', subject.opcdefault::text, 'key type', nullif(subject.opckeytype, 0)::regtype::text,
             'family', format('%I.%I', family_schema.nspname, family.opfname)]
FROM pg_opclass AS subject JOIN pg_namespace AS schema ON schema.oid = subject.opcnamespace
JOIN pg_am AS method ON method.oid = subject.opcmethod
JOIN pg_opfamily AS family ON family.oid = subject.opcfamily
JOIN pg_namespace AS family_schema ON family_schema.oid = family.opfnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_opclass'::regclass, subject.oid)",
    },
    Question {
        about: "operator families",
        since: 0,
        sql: "
SELECT 'operator family', format('%I.%I using %I', schema.nspname, subject.opfname, method.amname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.opfowner),
             'operators', (SELECT string_agg(concat_ws(' ', amopstrategy, amoppurpose, amopopr::regoperator,
                                                       (SELECT opfname FROM pg_opfamily WHERE oid = amopsortfamily)), ', '
                                             ORDER BY amopstrategy, amoplefttype::regtype::text, amoprighttype::regtype::text)
                           FROM pg_amop WHERE amopfamily = subject.oid),
             'functions', (SELECT string_agg(concat_ws(' ', amprocnum, amproc::oid::regprocedure), ', '
                                             ORDER BY amprocnum, amproclefttype::regtype::text, amprocrighttype::regtype::text)
                           FROM pg_amproc WHERE amprocfamily = subject.oid)]
FROM pg_opfamily AS subject JOIN pg_namespace AS schema ON schema.oid = subject.opfnamespace
JOIN pg_am AS method ON method.oid = subject.opfmethod
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_opfamily'::regclass, subject.oid)",
    },
    Question {
        about: "access methods",
        since: 0,
        sql: "
SELECT 'access method', quote_ident(amname), NULL::text, NULL::text,
       ARRAY['handler'::text, amhandler::text, 'sort', amtype::text]
FROM pg_am WHERE oid >= 16384 AND NOT MEMBER('pg_am'::regclass, pg_am.oid)",
    },
    Question {
        about: "transforms",
        since: 0,
        sql: "
SELECT 'transform', trftype::regtype || ' for ' || (SELECT quote_ident(lanname) FROM pg_language WHERE oid = trflang),
       NULL::text, NULL::text,
       ARRAY['from'::text, nullif(trffromsql::oid, 0)::regprocedure::text, 'to', nullif(trftosql::oid, 0)::regprocedure::text]
FROM pg_transform WHERE NOT MEMBER('pg_transform'::regclass, pg_transform.oid)",
    },
];
