//! Names with their positions.

use std::collections::HashMap;

/// Names in the order in which they first came up, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    list: Vec<String>,
    positions: HashMap<String, u32>,
}

impl Names {
    /// Where `name` stands; at the end if it is new.
    pub fn position(&mut self, name: &str) -> u32 {
        if let Some(at) = self.positions.get(name) {
            return *at;
        }
        let at = self.list.len() as u32;
        self.list.push(name.to_owned());
        self.positions.insert(name.to_owned(), at);
        at
    }

    /// The names in order.
    pub fn as_slice(&self) -> &[String] {
        &self.list
    }
}
