// libcrypto: digests (and, for gossip, AES-GCM) by the EVP interface.
#pragma once
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
