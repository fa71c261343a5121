//! Leaves out files that cannot hold an answer, by what the log knows of them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, StringViewArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow::datatypes::SchemaRef;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::{PruningPredicateBuilder, PruningStatistics};

use crate::delta::DataFile;
use crate::schema;

/// The files that may hold rows for which `predicate` is true.
pub(crate) fn prune(
    files: Vec<Arc<DataFile>>,
    predicate: Option<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
) -> Vec<Arc<DataFile>> {
    let Some(predicate) = predicate else {
        return files;
    };
    // Pruning only saves work: when it cannot be done, every file is read.
    let Ok(predicate) = PruningPredicateBuilder::new()
        .with_file_schema(schema)
        .try_build(predicate)
    else {
        return files;
    };
    let Ok(keep) = predicate.prune(&Files(&files)) else {
        return files;
    };
    files
        .into_iter()
        .zip(keep)
        .filter_map(|(file, keep)| keep.then_some(file))
        .collect()
}

struct Files<'a>(&'a [Arc<DataFile>]);

impl Files<'_> {
    fn bounds(&self, column: &Column, pick: fn((i64, i64)) -> i64, max: bool) -> Option<ArrayRef> {
        let files = self.0.iter();
        Some(match column.name.as_str() {
            schema::TIME => {
                let values = files.map(|file| file.time.map(pick));
                Arc::new(
                    values
                        .collect::<TimestampMillisecondArray>()
                        .with_timezone("UTC"),
                )
            }
            schema::OFFSET => Arc::new(
                files
                    .map(|file| file.offsets.map(pick))
                    .collect::<Int64Array>(),
            ),
            schema::DAY => Arc::new(files.map(|file| file.day).collect::<Date32Array>()),
            schema::PROGRAM => {
                let values = files.map(|file| {
                    file.programs
                        .as_ref()
                        .map(|(from, to)| if max { to } else { from })
                });
                Arc::new(values.collect::<StringViewArray>())
            }
            _ => return None,
        })
    }
}

impl PruningStatistics for Files<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |(min, _)| min, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, |(_, max)| max, true)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(
            self.0
                .iter()
                .map(|file| Some(file.rows))
                .collect::<UInt64Array>(),
        ))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
