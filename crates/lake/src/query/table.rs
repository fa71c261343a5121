//! The table `events` of one query: the files of a snapshot and the rows of the hot tail.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, col, lit};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;

use super::prune::prune;
use super::scope::Scope;
use super::wall::{Wall, WallExec};
use crate::delta::{DataFile, Snapshot};
use crate::lake::View;
use crate::schema;

/// The table as one query sees it. Its scope is part of the table, so no SQL reaches
/// around it: every mention of `events` scans through [`Events::scan`].
pub(crate) struct Events {
    snapshot: Arc<Snapshot>,
    tail: Vec<RecordBatch>,
    wall: Option<Wall>,
    store: ObjectStoreUrl,
    reader: Arc<dyn ParquetFileReaderFactory>,
}

impl Events {
    pub(crate) fn new(
        view: View,
        scope: Scope,
        store: ObjectStoreUrl,
        reader: Arc<dyn ParquetFileReaderFactory>,
    ) -> Result<Self> {
        let wall = match scope {
            Scope::All => None,
            Scope::Programs(programs) => Some(Wall::new(programs)),
        };
        let mut tail = view.tail;
        if let Some(wall) = &wall {
            for batch in &mut tail {
                let column = batch.schema().index_of(schema::PROGRAM)?;
                *batch = filter_record_batch(batch, &wall.allows(batch.column(column))?)?;
            }
        }
        tail.retain(|batch| batch.num_rows() > 0);
        Ok(Self {
            snapshot: view.snapshot,
            tail,
            wall,
            store,
            reader,
        })
    }

    fn programs(&self) -> Option<&BTreeSet<String>> {
        self.wall.as_ref().map(Wall::programs)
    }

    /// The wall as an expression, for pruning and for reading less. The wall itself does
    /// not rely on it.
    fn program_filter(&self) -> Option<Expr> {
        let list = self
            .programs()?
            .iter()
            .map(|program| lit(program.as_str()))
            .collect();
        Some(col(schema::PROGRAM).in_list(list, false))
    }

    fn files(
        &self,
        state: &dyn Session,
        filters: &[Expr],
        columns: &[usize],
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if self.programs().is_some_and(BTreeSet::is_empty) {
            return Ok(None);
        }
        let schema = schema::table_schema();
        let known = DFSchema::try_from(Arc::clone(&schema))?;
        let physical = |expr: Expr| state.create_physical_expr(expr, &known);
        let program = self.program_filter().map(physical).transpose()?;
        let all = conjunction(filters.iter().cloned().chain(self.program_filter()));
        let files = self.snapshot.files.values().cloned().collect();
        let mut files = prune(
            files,
            all.and_then(|all| physical(all).ok()),
            Arc::clone(&schema),
        );
        if files.is_empty() {
            return Ok(None);
        }
        // Newest first: `ORDER BY time DESC LIMIT n` fills up at once and skips the rest.
        files.sort_by_key(|file| std::cmp::Reverse(file.time.map(|(_, max)| max)));
        let groups = state.config().target_partitions().clamp(1, files.len());
        let dealt = (0..groups).map(|group| {
            FileGroup::new(
                files
                    .iter()
                    .skip(group)
                    .step_by(groups)
                    .map(|f| partitioned(f))
                    .collect(),
            )
        });
        let day = Arc::new(Field::new(schema::DAY, DataType::Date32, true));
        let table = TableSchema::builder(schema::file_schema())
            .with_table_partition_cols(vec![day])
            .build();
        let mut source = ParquetSource::new(table)
            .with_pushdown_filters(true)
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true)
            .with_parquet_file_reader_factory(Arc::clone(&self.reader));
        if let Some(program) = program {
            // First in line: what the query itself filters by runs only on rows that pass,
            // so that not even an error in its expressions can tell of other rows.
            source = source.with_predicate(program);
        }
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(dealt.collect())
            .with_projection_indices(Some(columns.to_vec()))?
            .build();
        let scan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        Ok(Some(match &self.wall {
            Some(wall) => Arc::new(WallExec::try_new(scan, wall.clone())?),
            None => scan,
        }))
    }

    fn hot(&self, columns: &[usize]) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if self.tail.is_empty() {
            return Ok(None);
        }
        let partitions = [self.tail.clone()];
        let columns = Some(columns.to_vec());
        let source = MemorySourceConfig::try_new(&partitions, schema::table_schema(), columns)?;
        Ok(Some(DataSourceExec::from_data_source(source)))
    }
}

#[async_trait]
impl TableProvider for Events {
    fn schema(&self) -> SchemaRef {
        schema::table_schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // Inexact: they prune here, and the physical optimiser pushes them into Parquet.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.schema();
        let wanted = projection
            .cloned()
            .unwrap_or_else(|| (0..schema.fields().len()).collect());
        // The wall needs the program even when the query does not ask for it.
        let program = schema.index_of(schema::PROGRAM)?;
        let mut columns = wanted.clone();
        if self.wall.is_some() && !columns.contains(&program) {
            columns.push(program);
        }
        let parts = [self.files(state, filters, &columns)?, self.hot(&columns)?];
        let mut parts: Vec<_> = parts.into_iter().flatten().collect();
        let all = match parts.len() {
            0 => Arc::new(EmptyExec::new(Arc::new(schema.project(&columns)?))),
            1 => parts.remove(0),
            _ => UnionExec::try_new(parts)?,
        };
        if columns.len() == wanted.len() {
            return Ok(all);
        }
        let fields = all.schema();
        let keep = fields
            .fields()
            .iter()
            .take(wanted.len())
            .enumerate()
            .map(|(i, field)| {
                let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), i));
                (column, field.name().clone())
            });
        let keep: Vec<_> = keep.collect();
        Ok(Arc::new(ProjectionExec::try_new(keep, all)?))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("version", &self.snapshot.version)
            .finish_non_exhaustive()
    }
}

fn partitioned(file: &DataFile) -> PartitionedFile {
    let unknown = ColumnStatistics::new_unknown;
    let exact = |(min, max): (ScalarValue, ScalarValue)| ColumnStatistics {
        min_value: Precision::Exact(min),
        max_value: Precision::Exact(max),
        ..unknown()
    };
    let time = |ms| ScalarValue::TimestampMillisecond(Some(ms), Some("UTC".into()));
    let offset = |offset| ScalarValue::Int64(Some(offset));
    let fields = schema::file_schema();
    let columns = fields
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            schema::TIME => file.time.map(|(a, b)| exact((time(a), time(b)))),
            schema::OFFSET => file.offsets.map(|(a, b)| exact((offset(a), offset(b)))),
            _ => None,
        });
    let statistics = Statistics {
        num_rows: usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact),
        total_byte_size: Precision::Absent,
        column_statistics: columns
            .map(|column| column.unwrap_or_else(unknown))
            .collect(),
    };
    PartitionedFile::new(file.path.clone(), file.size)
        .with_partition_values(vec![ScalarValue::Date32(file.day)])
        .with_statistics(Arc::new(statistics))
}
