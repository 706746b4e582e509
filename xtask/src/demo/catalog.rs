//! Which emoji are in the pack: those that all artists drew, balanced over the Unicode groups.

use super::artists::Artist;
use anyhow::{Context, Result};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// Unicode's groups and the domains that they are here. Flags are left out: a flag is the same drawing everywhere.
const DOMAINS: [(&str, &str); 8] = [
    ("smileys-emotion", "smileys"),
    ("people-body", "people"),
    ("animals-nature", "animals_and_nature"),
    ("food-drink", "food_and_drink"),
    ("travel-places", "travel_and_places"),
    ("activities", "activities"),
    ("objects", "objects"),
    ("symbols", "symbols"),
];

/// Classes of one domain at most, so that the large groups do not decide the score.
const PER_DOMAIN: usize = 110;

/// One emoji.
pub(super) struct Class {
    /// Code points in lower-case hexadecimal joined by hyphens, without the variation selector.
    pub(super) code: String,
    /// Name in the Unicode CLDR.
    pub(super) name: String,
    /// Domain.
    pub(super) domain: &'static str,
    /// Whether it trains; the others are unseen and test.
    pub(super) train: bool,
}

impl Class {
    /// The image's path in the pack.
    pub(super) fn path(&self, artist: &str) -> PathBuf {
        ["images", artist, self.domain, &format!("{}.png", self.code)].iter().collect()
    }
}

#[derive(serde::Deserialize)]
struct Entry {
    hexcode: String,
    annotation: String,
    group: String,
    skintone: serde_json::Value,
}

/// Draws the classes and their split with `seed`, sorted by domain and code.
pub(super) fn choose(catalog: &Path, artists: &[Artist], seed: u64) -> Result<Vec<Class>> {
    let text =
        std::fs::read_to_string(catalog).with_context(|| format!("cannot read {}", catalog.display()))?;
    let entries: Vec<Entry> =
        serde_json::from_str(&text).with_context(|| format!("cannot read {}", catalog.display()))?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut classes = Vec::new();
    for (group, domain) in DOMAINS {
        let of_group = entries.iter().filter(|e| e.group == group && e.skintone == "");
        let mut candidates: Vec<Class> = of_group
            .map(|e| Class {
                code: e.hexcode.to_lowercase().replace("-fe0f", ""),
                name: e.annotation.clone(),
                domain,
                train: false,
            })
            // A joined sequence (woman + joiner + rocket) is a variant of another emoji, not a class of its own.
            .filter(|class| !class.code.contains("200d"))
            .filter(|class| artists.iter().all(|artist| artist.image(class).is_some()))
            .collect();
        candidates.sort_by(|a, b| a.code.cmp(&b.code));
        candidates.dedup_by(|a, b| a.code == b.code);
        candidates.shuffle(&mut random);
        candidates.truncate(PER_DOMAIN);
        let half = candidates.len() / 2;
        candidates[..half].iter_mut().for_each(|class| class.train = true);
        candidates.sort_by(|a, b| a.code.cmp(&b.code));
        classes.extend(candidates);
    }
    Ok(classes)
}
