//! The program wall: an operator directly above the files that lets only rows of the
//! scope's programs pass.
//!
//! The Parquet reader is asked to filter by program, too, but it may decline a filter it
//! cannot evaluate. The wall looks at every row that comes out, so the guarantee does not
//! depend on any optimisation.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::StreamExt;

use crate::schema;

/// The programs that may be seen.
#[derive(Clone, Debug)]
pub(crate) struct Wall(Arc<BTreeSet<String>>);

impl Wall {
    pub(crate) fn new(programs: BTreeSet<String>) -> Self {
        Self(Arc::new(programs))
    }

    pub(crate) fn programs(&self) -> &BTreeSet<String> {
        &self.0
    }

    /// Which rows may pass. A row without a program belongs to nobody and does not.
    pub(crate) fn allows(&self, programs: &ArrayRef) -> Result<BooleanArray> {
        let DataType::Utf8View = programs.data_type() else {
            return internal_err!("the program column is not text");
        };
        let programs = programs.as_string_view().iter();
        Ok(programs
            .map(|p| Some(p.is_some_and(|p| self.0.contains(p))))
            .collect())
    }

    fn pass(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let column = batch.schema().index_of(schema::PROGRAM)?;
        let allowed = self.allows(batch.column(column))?;
        if allowed.true_count() == batch.num_rows() {
            return Ok(batch.clone());
        }
        Ok(filter_record_batch(batch, &allowed)?)
    }
}

#[derive(Debug)]
pub(crate) struct WallExec {
    input: Arc<dyn ExecutionPlan>,
    wall: Wall,
    properties: Arc<PlanProperties>,
}

impl WallExec {
    pub(crate) fn try_new(input: Arc<dyn ExecutionPlan>, wall: Wall) -> Result<Self> {
        // Fails here, when planning, if the program column is not part of the scan.
        input.schema().index_of(schema::PROGRAM)?;
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            input,
            wall,
            properties: Arc::new(properties),
        })
    }
}

impl ExecutionPlan for WallExec {
    fn name(&self) -> &'static str {
        "WallExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::try_new(input, self.wall.clone())?)),
            _ => internal_err!("the wall has one input"),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let wall = self.wall.clone();
        let input = self.input.execute(partition, context)?;
        let passed = input.map(move |batch| wall.pass(&batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            passed,
        )))
    }

    // A filter of the query may run below the wall: which rows pass both does not depend
    // on the order, and below it saves reading.
    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }
}

impl DisplayAs for WallExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WallExec: {} programs", self.wall.0.len())
    }
}
