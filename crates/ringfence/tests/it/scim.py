"""Runs scim2-tester against a server. Arguments: base address, token. Prints a line a check that is
neither good nor skipped, then how many were good; exit code 1 when one was bad."""

import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

base, token = sys.argv[1:3]
http = Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60)
results = check_server(SyncSCIMClient(http))
count = Counter(result.status.name for result in results)
bad = [r for r in results if r.status.name in ("ERROR", "CRITICAL", "DEVIATION")]
for result in bad:
    print(f"{result.status.name} {result.resource_type} {result.title}: {result.reason} {result.data}")
print(dict(count))
sys.exit(bool(bad))
