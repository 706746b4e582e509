//! What is trained: parameters by name, each with its group and the optimizer's memory.

use crate::{Moments, OptimizerKind};

/// What a parameter belongs to; learning rate and weight decay are a group's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The tuned part of the backbone.
    Backbone,
    /// From features to embedding.
    Projection,
    /// The centers of the classes, which stay behind when training ends.
    Centers,
}

/// A parameter in f32, whatever the backbone computes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in checkpoints: `projection.weight`, `centers`, `backbone.blocks.11.mlp.fc1.weight`.
    pub name: String,
    /// Its group.
    pub group: Group,
    /// Share of the group's learning rate that it takes: below 1 for the earlier layers of a backbone with layer-wise decay; 0 for one that
    /// is only carried along, such as a projection that was fitted.
    pub lr_scale: f64,
    /// Its values, row-major.
    pub data: Vec<f32>,
    /// The optimizer's memory; empty where `lr_scale` is 0.
    pub slots: Moments,
    /// The moving average of `data` with which the embedder is made; empty without `train.ema_decay`, and for centers.
    pub average: Vec<f32>,
}

impl Param {
    /// A parameter that is trained.
    pub(crate) fn trained(name: impl Into<String>, group: Group, data: Vec<f32>) -> Self {
        let (name, slots) = (name.into(), Moments::default());
        Self { name, group, lr_scale: 1.0, data, slots, average: Vec::new() }
    }

    /// A parameter that stays as it is.
    pub(crate) fn fixed(name: impl Into<String>, group: Group, data: Vec<f32>) -> Self {
        Self { lr_scale: 0.0, ..Self::trained(name, group, data) }
    }

    /// Whether the optimizer changes it.
    pub fn is_trained(&self) -> bool {
        self.lr_scale > 0.0
    }

    /// What the embedder is made of: the average where there is one.
    pub fn final_data(&self) -> &[f32] {
        if self.average.is_empty() { &self.data } else { &self.average }
    }

    /// Makes the memory that the optimizer needs, and the average.
    pub(crate) fn prepare(&mut self, kind: OptimizerKind, averaged: bool) {
        if self.is_trained() {
            self.slots = Moments::new(kind, self.data.len());
            if averaged && self.group != Group::Centers {
                self.average.clone_from(&self.data);
            }
        }
    }

    /// Everything of it that a checkpoint holds, by name.
    pub(crate) fn tensors(&mut self) -> impl Iterator<Item = (String, &mut Vec<f32>)> {
        let Self { name, data, slots, average, .. } = self;
        let all = [
            (name.clone(), data),
            (format!("optimizer.{name}.first"), &mut slots.first),
            (format!("optimizer.{name}.second"), &mut slots.second),
            (format!("average.{name}"), average),
        ];
        all.into_iter().filter(|(_, values)| !values.is_empty())
    }
}
