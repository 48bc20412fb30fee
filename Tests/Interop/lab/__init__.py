"""The test bed of lbd: the LAN, the control plane and the nodes, all on one machine in network namespaces."""
