//! What the temporary instance was found to be, before anybody connects: what was asked for is read back, as with a
//! container.

use std::fmt::Display;

use aws_sdk_rds::types::DbInstance;

use super::error::InstanceError;
use super::instance::{Wanted, tags_of};
use crate::definition::RdsSource;

/// A property as it should be, whether it is, and what was found instead.
struct Property {
    words: String,
    holds: bool,
    found: String,
}

fn property(words: impl Into<String>, holds: bool, found: impl Display) -> Property {
    Property { words: words.into(), holds, found: found.to_string() }
}

/// The properties that hold, in words; an error where one does not.
pub(super) fn inspect(
    instance: &DbInstance,
    source: &RdsSource,
    wanted: &Wanted,
) -> Result<Vec<String>, InstanceError> {
    let (held, missing): (Vec<_>, Vec<_>) =
        properties(instance, source, wanted).into_iter().partition(|property| property.holds);
    if missing.is_empty() {
        return Ok(held.into_iter().map(|property| property.words).collect());
    }
    let missing = missing.into_iter().map(|one| format!("{} (found {})", one.words, one.found));
    Err(InstanceError::Profile { name: wanted.name.clone(), missing: missing.collect() })
}

fn properties(instance: &DbInstance, source: &RdsSource, wanted: &Wanted) -> Vec<Property> {
    let group = instance.db_subnet_group().and_then(|group| group.db_subnet_group_name()).unwrap_or("none");
    let security = names(instance.vpc_security_groups().iter().filter_map(|one| one.vpc_security_group_id()));
    let asked = names(source.security_groups.iter().map(String::as_str));
    let groups = instance.db_parameter_groups();
    let parameters = names(groups.iter().filter_map(|one| one.db_parameter_group_name()));
    let applied = names(groups.iter().filter_map(|one| one.parameter_apply_status()));
    let tags = tags_of(instance);
    vec![
        property(
            "not public",
            instance.publicly_accessible() == Some(false),
            said(instance.publicly_accessible()),
        ),
        property(
            "no deletion protection",
            instance.deletion_protection() != Some(true),
            said(instance.deletion_protection()),
        ),
        // RDS keeps names of groups in lower case.
        property(
            format!("subnet group {}", source.subnet_group),
            group.eq_ignore_ascii_case(&source.subnet_group),
            group,
        ),
        property(format!("security groups {asked}"), security == asked, &security),
        property(
            format!("parameter group {}", source.parameter_group),
            parameters.eq_ignore_ascii_case(&source.parameter_group),
            &parameters,
        ),
        // A group that waits for a reboot contains nothing yet.
        property("parameters in force", applied == "in-sync", &applied),
        property("our tags", wanted.tags.iter().all(|tag| tags.contains(tag)), "others, or none"),
    ]
}

/// Sorted, so that the order in which RDS tells them means nothing.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(" and ")
}

fn said(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::builders::DbInstanceBuilder;
    use aws_sdk_rds::types::{DbParameterGroupStatus, DbSubnetGroup, Tag, VpcSecurityGroupMembership};

    use super::*;
    use crate::definition::{CloudAccess, SnapshotWanted, Then};
    use crate::error::Explain;
    use crate::model::Reason;

    fn source() -> RdsSource {
        RdsSource {
            instance: "shop-prod".into(),
            snapshot: SnapshotWanted::Automated,
            subnet_group: "Drills".into(),
            security_groups: vec!["sg-2".into(), "sg-1".into()],
            parameter_group: "quiet".into(),
            class: None,
            then: Then::Instance,
            address: None,
            authority: "ca.pem".into(),
            database: None,
            access: CloudAccess::default(),
        }
    }

    fn wanted() -> Wanted {
        Wanted { name: "drillyard-1".into(), tags: vec![("run".into(), "1".into())] }
    }

    fn in_force(status: &str) -> DbParameterGroupStatus {
        DbParameterGroupStatus::builder()
            .db_parameter_group_name("quiet")
            .parameter_apply_status(status)
            .build()
    }

    fn as_asked() -> DbInstanceBuilder {
        let group = |id: &str| VpcSecurityGroupMembership::builder().vpc_security_group_id(id).build();
        DbInstance::builder()
            .publicly_accessible(false)
            .deletion_protection(false)
            .db_subnet_group(DbSubnetGroup::builder().db_subnet_group_name("drills").build())
            .vpc_security_groups(group("sg-1"))
            .vpc_security_groups(group("sg-2"))
            .db_parameter_groups(in_force("in-sync"))
            .tag_list(Tag::builder().key("run").value("1").build())
    }

    #[test]
    fn an_instance_as_it_was_asked_for_is_told_with_its_properties() {
        let held = inspect(&as_asked().build(), &source(), &wanted()).unwrap();
        assert_eq!(held.len(), 7);
        assert!(held.contains(&"security groups sg-1 and sg-2".to_owned()), "{held:?}");
    }

    #[test]
    fn one_property_that_is_not_as_asked_is_enough_and_is_named() {
        type Change = fn(DbInstanceBuilder) -> DbInstanceBuilder;
        let other = |instance: DbInstanceBuilder| {
            instance.db_subnet_group(DbSubnetGroup::builder().db_subnet_group_name("default").build())
        };
        let cases: [(Change, &str); 8] = [
            (|one| one.publicly_accessible(true), "not public (found yes)"),
            (|one| one.set_publicly_accessible(None), "not public (found nothing)"),
            (|one| one.deletion_protection(true), "no deletion protection (found yes)"),
            (other, "subnet group Drills (found default)"),
            (|one| one.set_vpc_security_groups(None), "security groups sg-1 and sg-2 (found )"),
            (
                |one| one.set_db_parameter_groups(None),
                "parameter group quiet (found ); parameters in force (found )",
            ),
            (
                |one| one.set_db_parameter_groups(Some(vec![in_force("pending-reboot")])),
                "parameters in force (found pending-reboot)",
            ),
            (|one| one.set_tag_list(None), "our tags (found others, or none)"),
        ];
        for (change, missing) in cases {
            let instance = change(as_asked());
            let error = inspect(&instance.build(), &source(), &wanted()).unwrap_err();
            assert_eq!(error.reason(), Reason::ProfileNotApplied);
            assert!(error.to_string().ends_with(missing), "{error}");
        }
    }
}
