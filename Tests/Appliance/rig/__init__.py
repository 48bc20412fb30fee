"""The appliance's test bed: machines that boot, an apt repository, and a client that counts what is lost."""
