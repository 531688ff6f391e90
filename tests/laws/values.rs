//! The laws of windows, intervals and ids.

use arbtest::arbitrary::{Result, Unstructured};
use portolan::model::content_id;
use portolan::model::interval::{Interval, Window, add_micros, add_seconds};
use portolan::model::{Timestamp, stamp};

fn time(u: &mut Unstructured<'_>) -> Result<Timestamp> {
    // Few different values, so that equal ones meet; now and then the ends of time.
    Ok(match u.int_in_range(0..=15)? {
        0 => Timestamp::MIN,
        1 => Timestamp::MAX,
        _ => Timestamp::from_second(1_777_000_000 + u.int_in_range(0..=9)?).unwrap(),
    })
}

fn window(u: &mut Unstructured<'_>) -> Result<Window> {
    Ok(Window::new(time(u)?, time(u)?))
}

/// An interval as sightings and bounds make it, in any order.
fn interval(u: &mut Unstructured<'_>) -> Result<Interval> {
    let mut interval = Interval::sighted(window(u)?);
    for _ in 0..u.int_in_range(0..=4)? {
        match u.int_in_range(0..=2)? {
            0 => interval = interval.join(Interval::sighted(window(u)?)),
            1 => drop(interval.not_before(time(u)?)),
            _ => drop(interval.not_after(time(u)?)),
        }
    }
    Ok(interval)
}

fn is_ordered(interval: &Interval) -> bool {
    interval.earliest_start.is_none_or(|start| start <= interval.first_seen)
        && interval.first_seen <= interval.last_seen
        && interval.latest_end.is_none_or(|end| interval.last_seen <= end)
}

#[test]
fn joining_intervals_asks_neither_order_nor_how_often() {
    arbtest::arbtest(|u| {
        let (a, b, c) = (interval(u)?, interval(u)?, interval(u)?);
        assert_eq!(a.join(b), b.join(a));
        assert_eq!(a.join(b).join(c), a.join(b.join(c)));
        assert_eq!(a.join(a), a);
        assert_eq!(a.join(b).join(b), a.join(b));
        Ok(())
    });
}

#[test]
fn the_hull_of_windows_asks_neither_order_nor_how_often() {
    arbtest::arbtest(|u| {
        let (a, b, c) = (window(u)?, window(u)?, window(u)?);
        assert_eq!(a.hull(b), b.hull(a));
        assert_eq!(a.hull(b).hull(c), a.hull(b.hull(c)));
        assert_eq!(a.hull(a), a);
        assert!(a.hull(b).meets(a) && a.hull(b).meets(b));
        assert_eq!(a.meets(b), b.meets(a));
        Ok(())
    });
}

#[test]
fn no_bound_breaks_the_order_of_the_edges() {
    arbtest::arbtest(|u| {
        let mut interval = interval(u)?;
        assert!(is_ordered(&interval), "{interval:?}");
        let (before, bound) = (interval, time(u)?);
        let held = interval.not_before(bound);
        assert!(is_ordered(&interval), "{interval:?}");
        // A bound that is refused changes nothing; one that is taken never widens.
        assert!(held || interval == before);
        assert!(interval.earliest_start >= before.earliest_start);
        let (before, bound) = (interval, time(u)?);
        let held = interval.not_after(bound);
        assert!(is_ordered(&interval), "{interval:?}");
        assert!(held || interval == before);
        assert!(before.latest_end.is_none_or(|end| interval.latest_end.unwrap() <= end));
        Ok(())
    });
}

#[test]
fn a_join_holds_everything_that_was_joined() {
    arbtest::arbtest(|u| {
        let (a, b) = (interval(u)?, interval(u)?);
        let both = a.join(b);
        assert!(is_ordered(&both));
        for one in [a, b] {
            assert!(both.first_seen <= one.first_seen && one.last_seen <= both.last_seen);
            assert!(both.earliest_start.is_none_or(|start| start <= one.earliest_start.unwrap()));
            assert!(both.latest_end.is_none_or(|end| end >= one.latest_end.unwrap()));
        }
        Ok(())
    });
}

#[test]
fn time_stops_at_its_ends() {
    arbtest::arbtest(|u| {
        let (time, by): (_, i64) = (time(u)?, u.arbitrary()?);
        for moved in [add_seconds(time, by), add_micros(time, by)] {
            assert!(if by < 0 { moved <= time } else { moved >= time });
        }
        let window = window(u)?.shifted(-u.int_in_range(0..=i64::MAX)?, u.int_in_range(0..=9)?);
        assert!(window.lo <= window.hi);
        assert_eq!(
            stamp(time).len(),
            stamp(Timestamp::UNIX_EPOCH).len() + usize::from(time == Timestamp::MIN) * 3
        );
        Ok(())
    });
}

#[test]
fn different_contents_have_different_ids() {
    arbtest::arbtest(|u| {
        let (one, other): (Vec<String>, Vec<String>) = (u.arbitrary()?, u.arbitrary()?);
        let id = |parts: &[String]| content_id('b', parts.iter().map(String::as_str));
        assert_eq!(id(&one) == id(&other), one == other, "{one:?} {other:?}");
        // The same text cut elsewhere is another content.
        let whole = one.concat();
        let cut = u.choose_index(whole.len().max(1))?;
        if let Some((left, right)) = whole.split_at_checked(cut) {
            let parts = [left.to_owned(), right.to_owned()];
            assert_eq!(id(&parts) == id(&one), parts.to_vec() == one);
        }
        let id = id(&one);
        assert!(id.len() == 17 && id.starts_with('b') && !id.contains(char::is_uppercase));
        Ok(())
    });
}
