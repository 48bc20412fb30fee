"""The failover table: what a client and a newcomer see of each fault, for lbd and for keepalived in the same run."""
