//! Stored keys to the keys that models ask for.

/// Wrappers around an image tower, outermost first: data-parallel training's, OpenCLIP's, OpenCLIP's around a timm model.
const WRAPPERS: [&str; 3] = ["module.", "visual.", "trunk."];

/// What lies beside OpenCLIP's image tower in a checkpoint of both towers.
const VISUAL: &str = "visual.";

/// The key of the image tower for each stored key; `None` for keys of the text tower.
pub(super) fn strip<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> Vec<Option<String>> {
    let two_towers = keys.clone().any(|key| key.trim_start_matches("module.").starts_with(VISUAL));
    let short = |key: &str| {
        let key = key.strip_prefix("module.").unwrap_or(key);
        if two_towers && !key.starts_with(VISUAL) {
            return None;
        }
        let mut rest = key;
        for wrapper in WRAPPERS {
            rest = rest.strip_prefix(wrapper).unwrap_or(rest);
        }
        Some(rest.to_owned())
    };
    keys.map(short).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_stripped_and_the_text_tower_set_aside() {
        let keys =
            ["module.visual.trunk.norm.weight", "module.visual.head.proj.weight", "module.logit_scale"];
        let short = strip(keys.into_iter());
        assert_eq!(short, [Some("norm.weight".to_owned()), Some("head.proj.weight".to_owned()), None]);
    }

    #[test]
    fn plain_keys_stay_as_they_are() {
        let short = strip(["pos_embed", "blocks.0.norm1.weight"].into_iter());
        assert_eq!(short, [Some("pos_embed".to_owned()), Some("blocks.0.norm1.weight".to_owned())]);
    }
}
