//! How deep in a model a tensor sits, by its key.

/// The place of a tensor on the way from pixels to features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// Before the first block: patches, positions, tokens, the first convolution.
    Stem,
    /// In a transformer block, or a stage of a CNN, counted from 0.
    Block(usize),
    /// Behind the last block: norms, pooling, the last convolution, the output projection.
    Head,
}

/// Names under which families number their blocks or stages.
const NUMBERED: [&str; 3] = ["blocks", "resblocks", "stages"];

/// First parts of the keys of stems, in the names of timm and OpenCLIP.
const STEM: [&str; 14] = [
    "patch_embed",
    "pos_embed",
    "cls_token",
    "reg_token",
    "mask_token",
    "norm_pre",
    "conv_stem",
    "bn1",
    "stem",
    "conv1",
    "class_embedding",
    "positional_embedding",
    "ln_pre",
    "rope",
];

impl Depth {
    /// The depth of the tensor `key`, as a backbone asks for it.
    pub(crate) fn of(key: &str) -> Self {
        let parts: Vec<&str> = key.split('.').collect();
        for pair in parts.windows(2) {
            if let (true, Ok(number)) = (NUMBERED.contains(&pair[0]), pair[1].parse()) {
                return Self::Block(number);
            }
        }
        if STEM.contains(&parts[0]) { Self::Stem } else { Self::Head }
    }

    /// Steps from the stem: 0 for it, 1 for the first block, `blocks` + 1 for the head.
    pub(crate) fn steps(self, blocks: usize) -> usize {
        match self {
            Self::Stem => 0,
            Self::Block(number) => number + 1,
            Self::Head => blocks + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filter, list};
    use std::collections::BTreeSet;

    /// Every model of the table: blocks are numbered without a gap, and what is neither block nor stem is what families have behind
    /// their blocks.
    #[test]
    fn every_tensor_of_every_model_has_its_depth() {
        let mut heads = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for row in list(&Filter::default()) {
            let architecture = row.architecture().unwrap();
            if !seen.insert(serde_json::to_string(&architecture).unwrap()) {
                continue;
            }
            let shapes = architecture.parameter_shapes(row.projected_dim.is_some()).unwrap();
            let depths: BTreeSet<Depth> = shapes.iter().map(|(key, _)| Depth::of(key)).collect();
            let blocks: Vec<usize> = depths
                .iter()
                .filter_map(|depth| if let Depth::Block(number) = depth { Some(*number) } else { None })
                .collect();
            assert!(blocks.len() > 1, "{}", row.name);
            assert_eq!(blocks, (0..blocks.len()).collect::<Vec<_>>(), "{}", row.name);
            assert!(depths.contains(&Depth::Stem), "{}", row.name);
            for (key, _) in &shapes {
                if Depth::of(key) == Depth::Head {
                    heads.insert(key.split('.').next().unwrap().to_owned());
                }
            }
        }
        let known = ["attn_pool", "bn2", "conv_head", "fc_norm", "head", "ln_post", "neck", "norm", "proj"];
        let unknown: Vec<_> = heads.iter().filter(|head| !known.contains(&head.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
