//! Figures → lines of a Markdown table, as `docs/performance.md` shows it.

use std::fmt;

/// One line of the table.
pub(crate) struct Figure {
    /// What is done.
    pub(crate) what: String,
    /// Portolan's cost or rate.
    pub(crate) portolan: String,
    /// Who else does it, and at what cost; empty if nobody is compared.
    pub(crate) peer: String,
    /// Portolan's cost as a share of the bound's unit: of the peer's cost, or in the unit of `portolan`.
    pub(crate) measured: Option<f64>,
    /// What `measured` should not exceed, if anything is promised.
    pub(crate) bound: Option<f64>,
}

impl Figure {
    /// A figure that is only told.
    pub(crate) fn told(what: impl Into<String>, portolan: impl Into<String>) -> Self {
        let (what, portolan) = (what.into(), portolan.into());
        Self { what, portolan, peer: String::new(), measured: None, bound: None }
    }

    /// A cost in `unit`, with its bound in the same unit.
    pub(crate) fn bounded(what: &str, cost: f64, unit: &str, bound: f64) -> Self {
        let portolan = format!("{cost:.1} {unit}");
        let peer = format!("bound {bound:.0} {unit}");
        Self { peer, measured: Some(cost / bound), bound: Some(1.0), ..Self::told(what, portolan) }
    }

    /// Two times in seconds.
    pub(crate) fn compared(what: &str, own: f64, peer: (&str, Option<f64>)) -> Self {
        let (name, cost) = peer;
        let shown = cost.map_or_else(|| format!("no {name}"), |cost| format!("{name} {cost:.3} s"));
        let measured = cost.map(|cost| own / cost);
        Self { peer: shown, measured, ..Self::told(what, format!("{own:.3} s")) }
    }

    /// The same with what the ratio should not exceed.
    pub(crate) fn within(self, bound: f64) -> Self {
        Self { bound: Some(bound), ..self }
    }

    /// Whether it is beyond its bound.
    pub(crate) fn is_missed(&self) -> bool {
        matches!((self.measured, self.bound), (Some(measured), Some(bound)) if measured > bound)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.measured.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let bound = self.bound.map_or_else(String::new, |bound| format!("≤ {bound:.2}"));
        let Self { what, portolan, peer, .. } = self;
        write!(f, "| {what:<52} | {portolan:>16} | {peer:<28} | {ratio:>5} | {bound:<6} |")
    }
}

/// The first two lines of the table.
pub(crate) fn head() {
    let titles = ["what", "portolan", "peer", "ratio", "wanted"];
    let [what, portolan, peer, ratio, bound] = titles;
    println!("| {what:<52} | {portolan:>16} | {peer:<28} | {ratio:>5} | {bound:<6} |");
    println!("|{:-<54}|{:->17}:|{:-<30}|{:->6}:|{:-<8}|", "", "", "", "", "");
}
