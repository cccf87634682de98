"""The store's schema, step by step; run from code by `blocks.store.migrate`."""
