/* SHA-256 (FIPS 180-4), HMAC over it (RFC 2104) and AES-128 in CFB mode (FIPS 197, RFC 3826), without a library. */
#ifndef CRYPTO_H
#define CRYPTO_H
#include <stddef.h>
#include <stdint.h>

enum { DIGEST = 32, CIPHER_KEY = 16, CIPHER_BLOCK = 16 };

typedef struct {
  uint32_t state[8];
  uint64_t length; /* octets so far; what does not fill a block waits in `block` */
  uint8_t block[64];
} sha256;

typedef struct { /* both hashes with the padded key in them */
  sha256 inner, outer;
} hmac_key;

typedef struct {
  uint32_t round[44];
} cipher_key;

void sha256_start(sha256 *hash);
void sha256_add(sha256 *hash, const void *octets, size_t length);
void sha256_end(sha256 *hash, uint8_t digest[DIGEST]);

void hmac_prepare(hmac_key *made, const uint8_t key[DIGEST]);
/* End a copy of key->inner to which the message was added. */
void hmac_end(const hmac_key *key, sha256 *inner, uint8_t digest[DIGEST]);

void cipher_prepare(cipher_key *made, const uint8_t key[CIPHER_KEY]);
/* Encrypt `length` octets in place, or decrypt them. */
void cipher_apply(const cipher_key *key, const uint8_t iv[CIPHER_BLOCK], uint8_t *octets, size_t length, int decrypt);
#endif
