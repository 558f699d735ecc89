//! The parameter group of temporary instances, before one is made with it: what it would let restored data do. An
//! instance is contained by its network and by this alone.

use aws_sdk_rds::types::Parameter;

use super::error::InstanceError;

/// Workers of subscriptions: an enabled one that came along would connect to its publisher.
const WORKERS: &str = "max_logical_replication_workers";
/// What is loaded at the start.
const LIBRARIES: &str = "shared_preload_libraries";
/// Runs the jobs that came along.
const SCHEDULER: &str = "pg_cron";

/// An error where restored data could act.
pub(super) fn check(group: &str, parameters: &[Parameter]) -> Result<(), InstanceError> {
    let value = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.parameter_name() == Some(name));
        found.and_then(Parameter::parameter_value)
    };
    let mut found = Vec::new();
    match value(WORKERS).map(str::trim) {
        Some("0") => {}
        Some(other) => found.push(format!("{WORKERS} is {other} and not 0")),
        None => found.push(format!("{WORKERS} is not set, and must be 0")),
    }
    let libraries = value(LIBRARIES).unwrap_or_default();
    if libraries.split(',').any(|library| library.trim() == SCHEDULER) {
        found.push(format!("{LIBRARIES} loads {SCHEDULER}"));
    }
    if found.is_empty() { Ok(()) } else { Err(InstanceError::Group { group: group.to_owned(), found }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain;
    use crate::model::Reason;

    fn told(parameters: &[(&str, &str)]) -> Option<String> {
        let one = |(name, value): &(&str, &str)| {
            Parameter::builder().parameter_name(*name).parameter_value(*value).build()
        };
        let parameters: Vec<Parameter> = parameters.iter().map(one).collect();
        let error = check("drills", &parameters).err()?;
        assert_eq!(error.reason(), Reason::ProfileNotApplied);
        Some(error.to_string())
    }

    #[test]
    fn a_group_that_lets_restored_data_act_is_refused_by_its_parameter() {
        assert_eq!(told(&[(WORKERS, "0")]), None);
        assert_eq!(told(&[(WORKERS, "0"), (LIBRARIES, "pg_stat_statements")]), None);
        assert!(told(&[]).unwrap().ends_with("max_logical_replication_workers is not set, and must be 0"));
        assert!(told(&[(WORKERS, "4")]).unwrap().ends_with("is 4 and not 0"));
        let both = told(&[(LIBRARIES, "pg_stat_statements, pg_cron")]).unwrap();
        assert!(both.ends_with("shared_preload_libraries loads pg_cron"), "{both}");
    }
}
