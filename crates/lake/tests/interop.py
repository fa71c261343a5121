"""Reads a lake with DuckDB and delta-rs and prints what they see as one JSON object.

usage: interop.py LAKE [make-checkpoint]
"""

import json
import pathlib
import sys

try:
    import deltalake
    import duckdb
    import pyarrow.parquet
except ImportError as missing:
    print(json.dumps({"missing": str(missing)}))
    sys.exit(0)

lake = pathlib.Path(sys.argv[1])
table = deltalake.DeltaTable(str(lake))
if sys.argv[2:] == ["make-checkpoint"]:
    table.create_checkpoint()

# DuckDB's delta extension is downloaded at run time, which a test must not do, so
# DuckDB reads the files that delta-rs took from the log.
files = table.file_uris()
duck = duckdb.connect()
duck.execute("SET TimeZone = 'UTC'")
relation = duck.read_parquet(files, hive_partitioning=True)
rows, low, high, agents = duck.sql(
    "SELECT count(*), min(spine_offset), max(spine_offset), count(DISTINCT agent) FROM relation"
).fetchall()[0]
one = duck.sql(
    "SELECT strftime(time, '%Y-%m-%dT%H:%M:%S'), raw, ocsf, program FROM relation WHERE spine_offset = 7"
).fetchall()[0]

arrow = table.to_pyarrow_table() if hasattr(table, "to_pyarrow_table") else None

def tombstones():
    """Removed files with their times, as the newest checkpoint carries them."""
    last = lake / "_delta_log" / "_last_checkpoint"
    if not last.exists():
        return None
    version = json.loads(last.read_text())["version"]
    file = lake / "_delta_log" / f"{version:020}.checkpoint.parquet"
    removes = [r["remove"] for r in pyarrow.parquet.read_table(str(file)).to_pylist()]
    return sum(1 for r in removes if r and r["path"] and r["deletionTimestamp"])


footers = [pyarrow.parquet.ParquetFile(f.removeprefix("file://")) for f in files]
print(
    json.dumps(
        {
            "version": table.version(),
            "columns": [field.name for field in table.schema().fields],
            "partitions": table.metadata().partition_columns,
            "transactions": table.transaction_version("ringfence-lake"),
            "delta_rows": arrow.num_rows if arrow is not None else None,
            "delta_raw_7": next(
                (r["raw"] for r in arrow.to_pylist() if r["spine_offset"] == 7), None
            )
            if arrow is not None
            else None,
            "tombstones": tombstones(),
            "duckdb": [rows, low, high, agents],
            "duckdb_row_7": list(one),
            "compression": sorted(
                {f.metadata.row_group(0).column(0).compression for f in footers}
            ),
            "key_id_present": any(b"ringfence.key_id" in (f.metadata.metadata or {}) for f in footers),
        }
    )
)
