//! DataFusion, set up on the first query and kept apart from everything else: its own
//! threads, its own catalogue with one table, no way to files but through that table.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider,
};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;

use super::guard;
use super::json_path::ocsf_get;
use super::pool::QueryPool;
use super::rows::{self, Answer, Rows};
use super::scope::{Limits, Scope};
use super::table::Events;
use crate::config::Config;
use crate::error::QueryError;
use crate::lake::View;

/// Stack of a query thread. Address space only, until deep expressions touch it.
pub(crate) const STACK_BYTES: usize = 64 << 20;
/// Functions that turn a few bytes of SQL into any amount of memory, which no limit of
/// DataFusion's counts.
const UNBOUNDED: [&str; 3] = ["repeat", "lpad", "rpad"];
/// How long a query may go on after it was stopped: it notices between two batches.
const STOP_WITHIN: Duration = Duration::from_secs(5);
const CATALOG: &str = "ringfence";
const SCHEMA: &str = "public";

pub(crate) struct Engine {
    /// Taken out when dropped.
    runtime: Option<Runtime>,
    parts: Arc<Parts>,
    /// Queries, and when each has to be over.
    tasks: Mutex<Vec<(AbortHandle, Instant)>>,
}

struct Parts {
    base: SessionState,
    env: Arc<RuntimeEnv>,
    url: ObjectStoreUrl,
    reader: Arc<dyn ParquetFileReaderFactory>,
    turns: Semaphore,
    memory: Arc<GreedyMemoryPool>,
}

impl Engine {
    /// An engine whose queries together take at most `memory` bytes for their work.
    pub(crate) fn new(dir: &Path, config: &Config, memory: usize) -> Result<Self, String> {
        let threads = config.query_threads.max(1);
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(threads + 1)
            .thread_stack_size(STACK_BYTES)
            .thread_name("lake-query")
            .build()
            .map_err(|e| format!("could not start its threads: {e}"))?;
        let parts = Parts::new(dir, config, memory).map_err(|e| plain(&e))?;
        Ok(Self {
            runtime: Some(runtime),
            parts: Arc::new(parts),
            tasks: Mutex::default(),
        })
    }

    /// Whether a query goes on although its time is over, so that it keeps a thread from
    /// the others.
    pub(crate) fn is_stuck(&self) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|(task, _)| !task.is_finished());
        let now = Instant::now();
        tasks.iter().any(|(_, end)| now > *end)
    }

    fn watch(&self, task: AbortHandle, end: Instant) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|(task, _)| !task.is_finished());
        tasks.push((task, end));
    }

    /// Checks, plans and starts a query. What comes back is its schema and its rows.
    pub(crate) async fn start(
        &self,
        sql: String,
        view: View,
        scope: Scope,
        limits: Limits,
    ) -> Result<Rows, QueryError> {
        let Some(runtime) = &self.runtime else {
            return Err(QueryError::Failed("the lake is closing".to_owned()));
        };
        let started = Instant::now();
        let parts = Arc::clone(&self.parts);
        let (planned, schema) = oneshot::channel();
        // Two batches ahead at most: a slow reader slows the query, not the memory.
        let (out, batches) = mpsc::channel(2);
        let limit = limits.clone();
        let task = runtime.spawn(async move {
            let Ok(_turn) = parts.turns.acquire().await else {
                return;
            };
            match parts.plan(&sql, view, scope, &limit).await {
                Ok(stream) => {
                    if planned.send(Ok(stream.schema())).is_ok() {
                        pump(stream, &out, &limit, started).await;
                    }
                }
                Err(error) => {
                    let _ = planned.send(Err(error));
                }
            }
        });
        let end = started + limits.time + STOP_WITHIN;
        self.watch(task.abort_handle(), end);
        let answer = Answer::new(batches, task.abort_handle(), limits, started);
        // The answer is made first: dropping it, on any way out of here, stops the task.
        let schema = answer.within(schema).await?;
        let stopped = || QueryError::Failed("the query was stopped".to_owned());
        let schema: SchemaRef = schema.map_err(|_| stopped())??;
        Ok(Rows::new(&schema, answer))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A runtime must not wait for its threads inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Parts {
    fn new(dir: &Path, config: &Config, memory: usize) -> Result<Self, DataFusionError> {
        let url = ObjectStoreUrl::parse("ringfence://lake")?;
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(dir)?);
        let caches = CacheManagerConfig::default()
            .with_metadata_cache_limit(config.footer_cache_bytes)
            .with_list_files_cache_limit(0)
            .with_file_statistics_cache_limit(0);
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let env = RuntimeEnvBuilder::new()
            .with_cache_manager(caches)
            .with_disk_manager_builder(disk)
            .build_arc()?;
        env.register_object_store(url.as_ref(), Arc::clone(&store));
        let cache = env.cache_manager.get_file_metadata_cache();
        let reader = Arc::new(CachedParquetFileReaderFactory::new(store, cache));

        let mut options = SessionConfig::new()
            .with_target_partitions(config.query_threads.max(1))
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(CATALOG, SCHEMA);
        let options_mut = options.options_mut();
        options_mut.execution.parquet.pushdown_filters = true;
        options_mut.execution.enable_recursive_ctes = false;
        options_mut.sql_parser.collect_spans = true;
        let base = SessionStateBuilder::new()
            .with_config(options)
            .with_runtime_env(Arc::clone(&env))
            .with_default_features()
            // No way to make a table out of a file, a format or a function.
            .with_table_factories(HashMap::new())
            .with_file_formats(Vec::new())
            .with_table_function_list(Vec::new())
            .build();
        let mut functions = base.scalar_functions().clone();
        functions.retain(|name, _| !UNBOUNDED.contains(&name.as_str()));
        functions.insert("ocsf_get".to_owned(), Arc::new(ocsf_get()));
        let mut functions: Vec<_> = functions.into_values().collect();
        functions.sort_by(|a, b| a.name().cmp(b.name()));
        functions.dedup_by(|a, b| a.name() == b.name());
        let base = SessionStateBuilder::new_from_existing(base)
            .with_scalar_functions(functions)
            .build();
        let turns = Semaphore::new(config.concurrent_queries.max(1));
        Ok(Self {
            base,
            env,
            url,
            reader,
            turns,
            memory: Arc::new(GreedyMemoryPool::new(memory)),
        })
    }

    async fn plan(
        &self,
        sql: &str,
        view: View,
        scope: Scope,
        limits: &Limits,
    ) -> Result<SendableRecordBatchStream, QueryError> {
        let statement = guard::check(sql)?;
        let state = self
            .session(view, scope, limits)
            .map_err(|e| sorted(&e, limits))?;
        let plan = async {
            let logical = state.statement_to_plan(statement).await?;
            // A second net under the guard's allow-list.
            SQLOptions::new()
                .with_allow_ddl(false)
                .with_allow_dml(false)
                .with_allow_statements(false)
                .verify_plan(&logical)?;
            // Told to the plan, how many rows are wanted makes a sort keep these and not all; one
            // more tells whether there are any. An export wants all, which no plan has a number for.
            let wanted = limits.rows.saturating_add(1);
            let logical = match i64::try_from(wanted) {
                Ok(_) => LogicalPlanBuilder::from(logical)
                    .limit(0, Some(wanted))?
                    .build()?,
                Err(_) => logical,
            };
            let physical = state.create_physical_plan(&logical).await?;
            execute_stream(interruptible(physical)?, state.task_ctx())
        };
        plan.await.map_err(|e| sorted(&e, limits))
    }

    /// A session of its own for each query: its table, its scope, its memory.
    fn session(
        &self,
        view: View,
        scope: Scope,
        limits: &Limits,
    ) -> Result<SessionState, DataFusionError> {
        let events = Events::new(view, scope, self.url.clone(), Arc::clone(&self.reader))?;
        let tables = MemorySchemaProvider::new();
        tables.register_table("events".to_owned(), Arc::new(events))?;
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(SCHEMA, Arc::new(tables))?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
        let pool = Arc::new(QueryPool::new(
            limits.memory_bytes,
            Arc::clone(&self.memory),
        ));
        let env = RuntimeEnvBuilder::from_runtime_env(&self.env)
            .with_memory_pool(pool)
            .build_arc()?;
        Ok(SessionStateBuilder::new_from_existing(self.base.clone())
            .with_catalog_list(Arc::new(catalogs))
            .with_runtime_env(env)
            .build())
    }
}

/// A join makes many batches out of few, and never waits in between: nothing above it would notice
/// that it is to stop. So each gives way now and then.
fn interruptible(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let done = plan.transform_up(|plan| {
        Ok(if plan.children().len() > 1 {
            Transformed::yes(Arc::new(CooperativeExec::new(plan)) as Arc<dyn ExecutionPlan>)
        } else {
            Transformed::no(plan)
        })
    });
    Ok(done?.data)
}

/// Moves batches to the reader until they end, fail, or nobody listens.
async fn pump(
    mut stream: SendableRecordBatchStream,
    out: &mpsc::Sender<rows::Item>,
    limits: &Limits,
    started: Instant,
) {
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| sorted(&e, limits));
        let over = started.elapsed() >= limits.time;
        let last = batch.is_err() || over;
        let batch = if over {
            Err(QueryError::timeout(limits))
        } else {
            batch
        };
        if out.send(batch).await.is_err() || last {
            return;
        }
    }
}

/// Whose fault a DataFusion error is.
fn sorted(error: &DataFusionError, limits: &Limits) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => QueryError::Memory(limits.memory_bytes),
        DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::SQL(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_) => QueryError::Plan(plain(error)),
        _ => QueryError::Failed(plain(error)),
    }
}

/// The error's text without its wrappers, with the place in the SQL when it is known.
pub(crate) fn plain(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    match error.diagnostic().and_then(|diagnostic| diagnostic.span) {
        Some(span) => format!(
            "{text} (line {}, column {})",
            span.start.line, span.start.column
        ),
        None => text,
    }
}
