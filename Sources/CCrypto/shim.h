// libcrypto: digests (and, for gossip, AES-GCM) by the EVP interface, and what certificates say.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
