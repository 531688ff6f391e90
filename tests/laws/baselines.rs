//! Laws of learning: what was learned is expected, whatever the evidence and its order.

use crate::story::{Told, told_against};
use crate::support::{expectations, fixture, stories};
use portolan::baseline::learned::file::{parse, render};
use portolan::baseline::learned::learn::{Lesson, Plan, learn};
use portolan::hosts::Options;
use portolan::rules::Expectations;
use std::path::PathBuf;

/// Rules that hold a host against a baseline.
const COMPARING: &[&str] = &["P01", "P02", "P04", "P05", "P06", "P13", "P17", "P19"];

fn judged(
    evidence: &[PathBuf],
    learned: Vec<portolan::baseline::learned::LearnedBaseline>,
) -> Told {
    let expectations = Expectations { learned, ..expectations().clone() };
    told_against(evidence, &Options::default(), &expectations)
}

fn lesson(told: &Told, include_anomalies: bool) -> Lesson {
    let plan = Plan { name: "good", role: "*", include_anomalies };
    learn(plan, &told.0.hosts, &told.0.ports, &told.0.anomalies)
}

#[test]
fn evidence_does_not_deviate_from_what_was_learned_from_it() {
    for story in stories() {
        let evidence = [fixture("hosts").join(&story)];
        let alone = judged(&evidence, Vec::new());
        let lesson = lesson(&alone, true);
        let text = render(&lesson.baseline);
        let told = judged(&evidence, vec![parse("good.toml", &text).unwrap()]);
        for anomaly in &told.0.anomalies {
            let compared: Vec<_> =
                anomaly.rules.iter().filter(|rule| COMPARING.contains(rule)).collect();
            assert!(compared.is_empty(), "{story}: {compared:?} {}", anomaly.explanation);
            let is_new = |name: &str| name.starts_with("baseline-");
            assert!(!anomaly.factors.iter().any(|f| is_new(f.name)), "{}", anomaly.explanation);
        }
    }
}

#[test]
fn what_learning_left_out_is_all_that_deviates() {
    for story in stories() {
        let evidence = [fixture("hosts").join(&story)];
        let alone = judged(&evidence, Vec::new());
        let lesson = lesson(&alone, false);
        let told = judged(&evidence, vec![lesson.baseline]);
        let known = |id: &str| alone.0.anomalies.iter().find(|anomaly| anomaly.id == id);
        for anomaly in &told.0.anomalies {
            let before = known(&anomaly.id);
            assert!(before.is_some(), "{story}: new is {} {}", anomaly.title, anomaly.explanation);
        }
    }
}

#[test]
fn a_baseline_is_the_same_text_whatever_the_order_of_the_evidence() {
    let mut evidence: Vec<PathBuf> =
        stories().iter().map(|story| fixture("hosts").join(story)).collect();
    let text = |evidence: &[PathBuf]| render(&lesson(&judged(evidence, Vec::new()), true).baseline);
    let forward = text(&evidence);
    evidence.reverse();
    assert_eq!(forward, text(&evidence));
}
