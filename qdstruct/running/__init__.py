"""One job under custodian, the tree on an executor, and the mock engine."""
