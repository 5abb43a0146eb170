//! Mutants that behave like the original.

use crate::site::Site;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Sites with the reason why nothing can notice them: lines of the site's name
/// up to its number, `: `, and the reason. Lines with `#` are for people.
pub(crate) struct Equivalent(HashMap<String, String>);

impl Equivalent {
    /// Fails at what no longer names a site: its reason may no longer hold.
    pub(crate) fn read(path: &Path, sites: &[Site]) -> Result<Self> {
        let text = fs::read_to_string(path).context(path.display().to_string())?;
        let mut reasons = HashMap::new();
        for line in text.lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, reason) = line.split_once(": ").context(line.to_owned())?;
            ensure!(
                sites.iter().any(|site| site.name() == name),
                "equivalent.txt: there is no site {name}"
            );
            reasons.insert(name.to_owned(), reason.to_owned());
        }
        Ok(Self(reasons))
    }

    pub(crate) fn contains(&self, site: &Site) -> bool {
        self.0.contains_key(&site.name())
    }
}
