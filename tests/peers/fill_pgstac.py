"""Creates pgstac's schema and loads collections and items; runs in the servers' own environment.

Arguments: a file of collections and a file of items, one JSON object a line. The PG... variables name the database.
"""

from __future__ import annotations

import sys

from pypgstac.db import PgstacDB
from pypgstac.load import Loader, Methods
from pypgstac.migrate import Migrate

collections, items = sys.argv[1:]
database = PgstacDB()
Migrate(database).run_migration()
loader = Loader(db=database)
loader.load_collections(collections, Methods.upsert)
loader.load_items(items, Methods.upsert)
