/* Written to be short and quick enough that the agent is no bottleneck: 300 MB/s or so. Not for secrets: the tables of
 * AES tell their key to whoever shares the processor. */
#include "crypto.h"

#include <string.h>

/* --- SHA-256 --- */

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t right(uint32_t word, int by) { return word >> by | word << (32 - by); }

static uint32_t word_at(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put_word(uint8_t *out, uint32_t word) {
  for (int at = 0; at < 4; at++) out[at] = (uint8_t)(word >> (24 - 8 * at));
}

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int at = 0; at < 16; at++) w[at] = word_at(block + 4 * at);
  for (int at = 16; at < 64; at++) {
    uint32_t old = w[at - 15], late = w[at - 2];
    w[at] = w[at - 16] + (right(old, 7) ^ right(old, 18) ^ old >> 3) + w[at - 7] +
            (right(late, 17) ^ right(late, 19) ^ late >> 10);
  }
  for (int at = 0; at < 64; at++) {
    uint32_t one = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + constants[at] + w[at];
    uint32_t two = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
  }
  uint32_t more[8] = {a, b, c, d, e, f, g, h};
  for (int at = 0; at < 8; at++) state[at] += more[at];
}

void sha256_start(sha256 *hash) {
  static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(hash->state, first, sizeof first);
  hash->length = 0;
}

void sha256_add(sha256 *hash, const void *octets, size_t length) {
  const uint8_t *at = octets;
  size_t filled = hash->length % 64;
  hash->length += length;
  if (filled) {
    size_t fits = length < 64 - filled ? length : 64 - filled;
    memcpy(hash->block + filled, at, fits);
    at += fits, length -= fits;
    if (filled + fits < 64) return;
    compress(hash->state, hash->block);
  }
  for (; length >= 64; at += 64, length -= 64) compress(hash->state, at);
  if (length) memcpy(hash->block, at, length);
}

void sha256_end(sha256 *hash, uint8_t digest[DIGEST]) {
  static const uint8_t padding[64] = {0x80};
  uint64_t bits = hash->length * 8;
  uint8_t length[8];
  put_word(length, (uint32_t)(bits >> 32)), put_word(length + 4, (uint32_t)bits);
  sha256_add(hash, padding, 1 + (119 - hash->length % 64) % 64);
  sha256_add(hash, length, sizeof length);
  for (int at = 0; at < 8; at++) put_word(digest + 4 * at, hash->state[at]);
}

void hmac_prepare(hmac_key *made, const uint8_t key[DIGEST]) {
  uint8_t inner[64], outer[64];
  memset(inner, 0x36, sizeof inner), memset(outer, 0x5c, sizeof outer);
  for (int at = 0; at < DIGEST; at++) inner[at] ^= key[at], outer[at] ^= key[at];
  sha256_start(&made->inner), sha256_add(&made->inner, inner, sizeof inner);
  sha256_start(&made->outer), sha256_add(&made->outer, outer, sizeof outer);
}

void hmac_end(const hmac_key *key, sha256 *inner, uint8_t digest[DIGEST]) {
  sha256 outer = key->outer;
  sha256_end(inner, digest);
  sha256_add(&outer, digest, DIGEST);
  sha256_end(&outer, digest);
}

/* --- AES-128: one table of 256 words, turned for each of the four octets of a column --- */

static uint8_t boxes[256];
static uint32_t mixed[256];

static uint8_t doubled(uint8_t octet) { return (uint8_t)(octet << 1 ^ (octet & 128 ? 0x1b : 0)); }

static void fill_tables(void) {
  uint8_t power = 1, inverse = 1; /* of 3, and its inverse: they go through all but 0 */
  do {
    power ^= doubled(power);
    for (int by = 1; by < 8; by *= 2) inverse ^= (uint8_t)(inverse << by);
    if (inverse & 128) inverse ^= 9;
    uint8_t box = 0x63;
    for (int by = 0; by < 5; by++) box ^= (uint8_t)(inverse << by | inverse >> (8 - by));
    boxes[power] = box;
  } while (power != 1);
  boxes[0] = 0x63;
  for (int at = 0; at < 256; at++) {
    uint8_t box = boxes[at], twice = doubled(box);
    mixed[at] = (uint32_t)twice << 24 | (uint32_t)box << 16 | (uint32_t)box << 8 | (uint8_t)(twice ^ box);
  }
}

static uint32_t boxed(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { /* one octet of each */
  return (uint32_t)boxes[a >> 24] << 24 | (uint32_t)boxes[b >> 16 & 255] << 16 | (uint32_t)boxes[c >> 8 & 255] << 8 |
         boxes[d & 255];
}

static uint32_t column(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return mixed[a >> 24] ^ right(mixed[b >> 16 & 255], 8) ^ right(mixed[c >> 8 & 255], 16) ^ right(mixed[d & 255], 24);
}

void cipher_prepare(cipher_key *made, const uint8_t key[CIPHER_KEY]) {
  if (!boxes[0]) fill_tables();
  uint8_t turn = 1;
  for (int at = 0; at < 4; at++) made->round[at] = word_at(key + 4 * at);
  for (int at = 4; at < 44; at++) {
    uint32_t before = made->round[at - 1];
    if (at % 4 == 0) {
      before = before << 8 | before >> 24;
      before = boxed(before, before, before, before) ^ (uint32_t)turn << 24;
      turn = doubled(turn);
    }
    made->round[at] = made->round[at - 4] ^ before;
  }
}

static void encrypt_block(const cipher_key *key, const uint8_t in[CIPHER_BLOCK], uint8_t out[CIPHER_BLOCK]) {
  const uint32_t *round = key->round;
  uint32_t a = word_at(in) ^ round[0], b = word_at(in + 4) ^ round[1];
  uint32_t c = word_at(in + 8) ^ round[2], d = word_at(in + 12) ^ round[3];
  for (int at = 4; at < 40; at += 4) {
    uint32_t one = column(a, b, c, d) ^ round[at], two = column(b, c, d, a) ^ round[at + 1];
    uint32_t three = column(c, d, a, b) ^ round[at + 2], four = column(d, a, b, c) ^ round[at + 3];
    a = one, b = two, c = three, d = four;
  }
  put_word(out, boxed(a, b, c, d) ^ round[40]), put_word(out + 4, boxed(b, c, d, a) ^ round[41]);
  put_word(out + 8, boxed(c, d, a, b) ^ round[42]), put_word(out + 12, boxed(d, a, b, c) ^ round[43]);
}

void cipher_apply(const cipher_key *key, const uint8_t iv[CIPHER_BLOCK], uint8_t *octets, size_t length, int decrypt) {
  uint8_t before[CIPHER_BLOCK], stream[CIPHER_BLOCK];
  memcpy(before, iv, sizeof before);
  for (; length; octets += CIPHER_BLOCK) {
    size_t size = length < CIPHER_BLOCK ? length : CIPHER_BLOCK;
    encrypt_block(key, before, stream);
    if (decrypt) memcpy(before, octets, size);
    for (size_t at = 0; at < size; at++) octets[at] ^= stream[at];
    if (!decrypt) memcpy(before, octets, size);
    length -= size;
  }
}
