//! What happens to a sentence before it is cut into tokens.

use super::TextCleaning;

impl TextCleaning {
    /// The cleaned sentence.
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::Whitespace => single_blanks(text),
            Self::Lower => single_blanks(text).to_lowercase(),
            Self::Canonicalize => {
                let kept: String =
                    text.replace('_', " ").chars().filter(|c| !c.is_ascii_punctuation()).collect();
                single_blanks(&kept.to_lowercase())
            }
        }
    }
}

fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
