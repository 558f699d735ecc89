//! Roles that statements name: a restore needs them, and a dump of one database does not carry them.

use std::collections::BTreeSet;

use super::tokens::{Token, statements};

/// What SQL text says of roles. A role too many costs nothing: it is created without login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleMentions {
    /// Roles that must exist before the text is executed, its own creations excluded.
    pub needed: BTreeSet<String>,
    /// Roles that the text creates.
    pub created: BTreeSet<String>,
}

/// Reads owners, grantees and grantors, policies' and mappings' users, and created roles out of SQL text.
///
/// `PUBLIC`, `CURRENT_USER` and the like are no roles, and roles that begin with `pg_` are the server's own.
pub fn roles_in(text: &str) -> RoleMentions {
    let mut mentions = RoleMentions::default();
    for statement in statements(text) {
        mentions.read(&statement);
    }
    mentions
}

impl RoleMentions {
    fn read(&mut self, statement: &[Token]) {
        let [first, rest @ ..] = statement else { return };
        let Token::Word(verb) = first else { return };
        match verb.as_str() {
            "grant" => self.read_grant(rest, "to"),
            "revoke" => self.read_grant(rest, "from"),
            "alter" => self.read_alter(rest),
            "create" => self.read_create(rest),
            "set" => self.read_set(rest),
            _ => {}
        }
    }

    /// `GRANT … ON … TO a, b GRANTED BY c`; without ON the part before TO is a list of roles as well.
    fn read_grant(&mut self, rest: &[Token], preposition: &str) {
        let Some(at) = rest.iter().rposition(|token| token.is(preposition)) else { return };
        let (head, tail) = (&rest[..at], &rest[at + 1..]);
        self.need_list(tail);
        self.need_after(tail, &["granted", "by"]);
        if !head.iter().any(|token| token.is("on")) {
            let roles = head.iter().rposition(|token| token.is("for")).map_or(head, |end| &head[end + 1..]);
            self.need_list(roles);
        }
    }

    fn read_alter(&mut self, rest: &[Token]) {
        match rest {
            [a, b, privileges @ ..] if a.is("default") && b.is("privileges") => {
                self.read_default_privileges(privileges);
            }
            [what, role, ..] if is_role_word(what) && !role.is("mapping") => self.need(role),
            [what, ..] if what.is("policy") => self.need_after(rest, &["to"]),
            _ => {}
        }
        self.need_after(rest, &["owner", "to"]);
    }

    fn read_default_privileges(&mut self, rest: &[Token]) {
        if let [a, b, roles @ ..] = rest
            && a.is("for")
            && is_role_word(b)
        {
            self.need_list(roles);
        }
        let verb = rest.iter().position(|token| token.is("grant") || token.is("revoke"));
        if let Some(verb) = verb {
            self.read(&rest[verb..]);
        }
    }

    fn read_create(&mut self, rest: &[Token]) {
        match rest {
            [user, mapping, ..] if user.is("user") && mapping.is("mapping") => {
                self.need_after(rest, &["for"]);
            }
            [what, role, ..] if is_role_word(what) => self.created.extend(role_name(role)),
            [what, ..] if what.is("policy") => self.need_after(rest, &["to"]),
            [what, ..] if what.is("schema") => self.need_after(rest, &["authorization"]),
            [what, ..] if what.is("database") => {
                self.need_after(rest, &["owner"]);
                if let Some(at) =
                    rest.windows(2).position(|pair| pair[0].is("owner") && pair[1].is_symbol('='))
                {
                    self.need_list(&rest[at + 2..]);
                }
            }
            _ => {}
        }
    }

    fn read_set(&mut self, rest: &[Token]) {
        match rest {
            [what, role, ..] if what.is("role") => self.need(role),
            [session, what, role, ..] if session.is("session") && what.is("authorization") => self.need(role),
            _ => {}
        }
    }

    /// The list of roles behind the last occurrence of these words.
    fn need_after(&mut self, tokens: &[Token], words: &[&str]) {
        let here = |window: &[Token]| window.iter().zip(words).all(|(token, word)| token.is(word));
        if let Some(at) = tokens.windows(words.len()).rposition(here) {
            self.need_list(&tokens[at + words.len()..]);
        }
    }

    /// Roles with commas between them, and the noise word GROUP.
    fn need_list(&mut self, tokens: &[Token]) {
        let mut tokens = tokens.iter();
        while let Some(mut token) = tokens.next() {
            if token.is("group") {
                let Some(name) = tokens.next() else { return };
                token = name;
            }
            self.need(token);
            if !tokens.next().is_some_and(|token| token.is_symbol(',')) {
                return;
            }
        }
    }

    fn need(&mut self, token: &Token) {
        self.needed.extend(role_name(token).filter(|role| !self.created.contains(role)));
    }
}

fn is_role_word(token: &Token) -> bool {
    ["role", "user", "group"].iter().any(|word| token.is(word))
}

/// The role that a token names, if it can be one that has to be created.
fn role_name(token: &Token) -> Option<String> {
    const NOT_ROLES: [&str; 7] =
        ["public", "none", "current_user", "current_role", "session_user", "default", "all"];
    let name = match token {
        Token::Word(word) if NOT_ROLES.contains(&word.as_str()) => return None,
        Token::Word(word) => word,
        // A role's name in single quotes stands in SET SESSION AUTHORIZATION, which pg_dump writes so.
        Token::Quoted(name) | Token::Text(name) => name,
        Token::Symbol(_) => return None,
    };
    let possible =
        !name.is_empty() && !name.starts_with("pg_") && !matches!(name.as_str(), "public" | "none");
    possible.then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(text: &str) -> Vec<String> {
        roles_in(text).needed.into_iter().collect()
    }

    #[test]
    fn roles_are_found_where_pg_dump_writes_them() {
        for (text, roles) in [
            ("ALTER TABLE public.orders OWNER TO shop_owner;", &["shop_owner"][..]),
            (r#"ALTER TABLE public."to" OWNER TO "Shop ""Owner""";"#, &[r#"Shop "Owner""#]),
            ("GRANT SELECT(id),UPDATE(\"to\") ON TABLE public.customers TO shop_reader;", &["shop_reader"]),
            ("GRANT ALL ON FUNCTION public.f(\"to\" text, b integer) TO a WITH GRANT OPTION;", &["a"]),
            (
                "REVOKE ALL ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO b, GROUP c;",
                &["b", "c"],
            ),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA public REVOKE ALL ON TABLES  FROM p;",
                &["o", "p"],
            ),
            ("SET SESSION AUTHORIZATION 'it''s';", &["it's"]),
            ("RESET SESSION AUTHORIZATION;", &[]),
            ("CREATE POLICY p ON public.t FOR SELECT TO x, y USING ((a = 'TO z'::text));", &["x", "y"]),
            ("CREATE POLICY p ON public.t USING (true);", &[]),
            ("CREATE USER MAPPING FOR app SERVER s OPTIONS (\"user\" 'u', password 'p');", &["app"]),
            ("CREATE SCHEMA w AUTHORIZATION own;", &["own"]),
            ("CREATE DATABASE d WITH TEMPLATE = template0 OWNER = own;", &["own"]),
            ("GRANT parent TO child GRANTED BY postgres_admin;", &["child", "parent", "postgres_admin"]),
            ("GRANT pg_read_all_data TO reader WITH INHERIT TRUE GRANTED BY CURRENT_USER;", &["reader"]),
            ("ALTER ROLE app IN DATABASE shop SET work_mem TO '8MB';", &["app"]),
            ("ALTER TABLE t ALTER COLUMN c SET DEFAULT 'x';", &[]),
            ("GRANT CONNECT ON DATABASE shop TO \"public\";", &[]),
        ] {
            assert_eq!(needed(text), roles, "{text}");
        }
    }

    #[test]
    fn a_role_that_the_text_creates_need_not_exist_before() {
        let mentions = roles_in("CREATE ROLE app; ALTER ROLE app WITH LOGIN; GRANT app TO other;");
        assert_eq!(mentions.created.into_iter().collect::<Vec<_>>(), ["app"]);
        assert_eq!(mentions.needed.into_iter().collect::<Vec<_>>(), ["other"]);
    }
}
