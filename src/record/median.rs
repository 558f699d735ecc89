//! The median.

/// The middle of these values, of an even number the mean of the two in the middle; `None` where there is none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_even_number_it_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[40.0, 10.0, 20.0]), Some(20.0));
        assert_eq!(median(&[40.0, 10.0, 20.0, 1.0]), Some(15.0));
    }
}
