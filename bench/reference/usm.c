/* Messages are checked in the order of RFC 3414 section 3.2, and what is wrong is told by a Report.
 *
 * The keys of a device are made when it is first asked, and kept: a whole network has a place for its last 4,096.
 */
#include "usm.h"

#include "crypto.h"

enum { AUTH = 1, PRIV = 2, REPORTABLE = 4, LEVEL = AUTH | PRIV };
enum { ENGINE_ID = 9, MAC = 24, SALT = 8, TEXT_MAX = 32, REQUEST_MAX = 2048 };
enum { BOOTS = 1, WINDOW = 150, USM = 3, LEAST_SIZE = 484, HEAD_MAX = 256 };
enum { ENGINES = 1 << 12 };
/* The last arc but one of the statistics that a Report tells (RFC 3414 section 5). */
enum { UNSUPPORTED_LEVELS = 1, NOT_IN_TIME_WINDOWS, UNKNOWN_USERS, UNKNOWN_ENGINES, WRONG_DIGESTS, DECRYPTION_ERRORS };

typedef struct { /* the keys of a device, as they are used */
  uint32_t address;
  hmac_key auth;
  cipher_key priv;
} engine;

typedef struct { /* what of a request is in its answer */
  octets msg_id, user, context_name;
  int level;
  uint32_t address, seconds;
} exchange;

static octets name;
static uint8_t auth_master[DIGEST], priv_master[DIGEST];
static engine engines[ENGINES]; /* by the last bits of the address; whoever comes later takes the place */
static uint64_t salts;

static void put_engine_id(uint8_t out[ENGINE_ID], uint32_t address) {
  const uint8_t made[ENGINE_ID] = {0x80, 0x00, 0x1f, 0x88, 0x01, (uint8_t)(address >> 24), (uint8_t)(address >> 16),
                                   (uint8_t)(address >> 8), (uint8_t)address};
  memcpy(out, made, sizeof made);
}

static void stretch(const char *password, uint8_t key[DIGEST]) {
  sha256 hash;
  uint8_t block[64];
  size_t length = strlen(password);
  sha256_start(&hash);
  for (size_t at = 0; at < 1 << 20; at++) {
    block[at % 64] = (uint8_t)password[at % length];
    if (at % 64 == 63) sha256_add(&hash, block, sizeof block);
  }
  sha256_end(&hash, key);
}

void usm_prepare(const char *user, const char *auth_password, const char *priv_password) {
  name = (octets){(const uint8_t *)user, strlen(user)};
  stretch(auth_password, auth_master), stretch(priv_password, priv_master);
}

static void localise(const uint8_t master[DIGEST], uint32_t address, uint8_t key[DIGEST]) {
  sha256 hash;
  uint8_t engine_id[ENGINE_ID];
  put_engine_id(engine_id, address);
  sha256_start(&hash);
  sha256_add(&hash, master, DIGEST), sha256_add(&hash, engine_id, ENGINE_ID), sha256_add(&hash, master, DIGEST);
  sha256_end(&hash, key);
}

static const engine *engine_at(uint32_t address) {
  engine *found = &engines[address % ENGINES];
  if (found->address != address) {
    uint8_t key[DIGEST];
    found->address = address;
    localise(auth_master, address, key), hmac_prepare(&found->auth, key);
    localise(priv_master, address, key), cipher_prepare(&found->priv, key);
  }
  return found;
}

static uint8_t *prepend_number(uint8_t *at, uint32_t value) { /* below 2^31 */
  uint8_t *end = at;
  do *--at = (uint8_t)value;
  while (value >>= 8);
  if (*at & 128) *--at = 0;
  return prepend(at, INTEGER, (size_t)(end - at));
}

static void put_iv(uint8_t iv[CIPHER_BLOCK], uint32_t boots, uint32_t seconds, const uint8_t *salt) {
  for (int at = 0; at < 4; at++) {
    iv[at] = (uint8_t)(boots >> (24 - 8 * at));
    iv[4 + at] = (uint8_t)(seconds >> (24 - 8 * at));
  }
  memcpy(iv + 8, salt, SALT);
}

/* Put the message around a PDU that ends at `end`, at a level; return its length. */
static size_t seal(const exchange *with, int level, uint8_t *at, uint8_t *end, uint8_t answer[ANSWER_MAX]) {
  uint8_t id[ENGINE_ID], salt[SALT], digest[DIGEST];
  put_engine_id(id, with->address);
  const octets engine_id = {id, ENGINE_ID};
  const engine *keys = level ? engine_at(with->address) : NULL;
  at = prepend_all(at, OCTETS, with->context_name);
  at = prepend_all(at, OCTETS, engine_id);
  at = prepend(at, SEQUENCE, (size_t)(end - at));
  if (level & PRIV) {
    uint8_t iv[CIPHER_BLOCK];
    salts++;
    memcpy(salt, &salts, SALT);
    put_iv(iv, BOOTS, with->seconds, salt);
    cipher_apply(&keys->priv, iv, at, (size_t)(end - at), 0);
    at = prepend(at, OCTETS, (size_t)(end - at));
  }
  uint8_t *of_security = at;
  at = prepend_all(at, OCTETS, (octets){salt, level & PRIV ? SALT : 0});
  uint8_t *mac = at - MAC;
  memset(digest, 0, sizeof digest);
  at = prepend_all(at, OCTETS, (octets){digest, level & AUTH ? MAC : 0});
  at = prepend_all(at, OCTETS, level ? with->user : (octets){NULL, 0});
  at = prepend_number(at, with->seconds);
  at = prepend_number(at, BOOTS);
  at = prepend_all(at, OCTETS, engine_id);
  at = prepend(at, SEQUENCE, (size_t)(of_security - at));
  at = prepend(at, OCTETS, (size_t)(of_security - at));
  uint8_t *of_header = at;
  at = prepend_number(at, USM);
  at = prepend_all(at, OCTETS, (octets){(const uint8_t[]){(uint8_t)level}, 1});
  at = prepend_number(at, ANSWER_MAX);
  at = prepend_all(at, INTEGER, with->msg_id);
  at = prepend(at, SEQUENCE, (size_t)(of_header - at));
  at = prepend_number(at, 3);
  at = prepend(at, SEQUENCE, (size_t)(end - at));
  if (level & AUTH) {
    sha256 hash = keys->auth.inner;
    sha256_add(&hash, at, (size_t)(end - at));
    hmac_end(&keys->auth, &hash, digest);
    memcpy(mac, digest, MAC);
  }
  memcpy(answer, at, (size_t)(end - at));
  return (size_t)(end - at);
}

/* A Report (RFC 3414 section 3.2); `request_id` is 0 where it was not to be read (RFC 3412 section 7.1). */
static size_t report(const exchange *with, int level, int statistic, octets request_id, uint8_t answer[ANSWER_MAX]) {
  uint8_t built[ANSWER_MAX], *end = built + sizeof built;
  const uint8_t oid[] = {0x2b, 6, 1, 6, 3, 15, 1, 1, (uint8_t)statistic, 0}, none[] = {0};
  uint8_t *at = prepend_all(end, COUNTER32, (octets){(const uint8_t[]){1}, 1});
  at = prepend_all(at, NAME, (octets){oid, sizeof oid});
  at = prepend(at, SEQUENCE, (size_t)(end - at));
  at = prepend(at, SEQUENCE, (size_t)(end - at));
  at = prepend_number(at, 0), at = prepend_number(at, 0);
  at = prepend_all(at, INTEGER, request_id.length ? request_id : (octets){none, sizeof none});
  at = prepend(at, REPORT, (size_t)(end - at));
  return seal(with, level, at, end, answer);
}

static octets request_id_of(octets scoped) { /* of a message that is not encrypted */
  octets inside = take(&scoped, SEQUENCE);
  take(&inside, OCTETS), take(&inside, OCTETS);
  octets pdu = take(&inside, 0), id = take(&pdu, INTEGER);
  return id.length <= 4 ? id : (octets){NULL, 0};
}

static int is_authentic(const engine *keys, octets whole, octets mac) {
  static const uint8_t zeros[MAC];
  uint8_t digest[DIGEST];
  if (mac.length != MAC) return 0;
  sha256 hash = keys->auth.inner;
  sha256_add(&hash, whole.at, (size_t)(mac.at - whole.at));
  sha256_add(&hash, zeros, MAC);
  sha256_add(&hash, mac.at + MAC, (size_t)(whole.at + whole.length - mac.at - MAC));
  hmac_end(&keys->auth, &hash, digest);
  return memcmp(digest, mac.at, MAC) == 0;
}

size_t usm_answer(const uint8_t *request, size_t length, uint32_t address, uint32_t seconds,
                  uint8_t answer[ANSWER_MAX]) {
  octets all = {request, length}, message = take(&all, SEQUENCE), version = take(&message, INTEGER);
  octets header = take(&message, SEQUENCE), wrapped = take(&message, OCTETS), security = take(&wrapped, SEQUENCE);
  octets msg_id = take(&header, INTEGER), size = take(&header, INTEGER), flags = take(&header, OCTETS);
  octets model = take(&header, INTEGER), engine_id = take(&security, OCTETS), boots = take(&security, INTEGER);
  octets time = take(&security, INTEGER), user = take(&security, OCTETS), mac = take(&security, OCTETS);
  octets salt = take(&security, OCTETS);
  if (version.length != 1 || version.at[0] != 3 || msg_id.length > 4 || flags.length != 1 || number(model) != USM ||
      !salt.at || length > REQUEST_MAX)
    return 0;
  exchange with = {msg_id, user, {NULL, 0}, flags.at[0] & LEVEL, address, seconds};
  const int is_reportable = flags.at[0] & REPORTABLE;
  const octets request_id = with.level & PRIV ? (octets){NULL, 0} : request_id_of(message);
  uint8_t own_id[ENGINE_ID], plain[REQUEST_MAX];
  put_engine_id(own_id, address);

  int fault = 0, level = 0;
  const engine *keys = NULL;
  if (engine_id.length != ENGINE_ID || memcmp(engine_id.at, own_id, ENGINE_ID)) fault = UNKNOWN_ENGINES;
  else if (user.length != name.length || memcmp(user.at, name.at, name.length)) fault = UNKNOWN_USERS;
  else if (!(with.level & AUTH)) fault = UNSUPPORTED_LEVELS;
  else if (keys = engine_at(address), !is_authentic(keys, (octets){request, length - all.length}, mac))
    fault = WRONG_DIGESTS;
  else if (number(boots) != BOOTS || number(time) > (long)seconds + WINDOW || number(time) + WINDOW < (long)seconds)
    fault = NOT_IN_TIME_WINDOWS, level = AUTH;
  else if (with.level & PRIV) {
    uint8_t iv[CIPHER_BLOCK];
    octets hidden = take(&message, OCTETS);
    if (salt.length != SALT || !hidden.length) fault = DECRYPTION_ERRORS;
    else {
      put_iv(iv, BOOTS, (uint32_t)number(time), salt.at);
      memcpy(plain, hidden.at, hidden.length);
      cipher_apply(&keys->priv, iv, plain, hidden.length, 1);
      message = (octets){plain, hidden.length};
    }
  }
  if (fault) return is_reportable ? report(&with, level, fault, request_id, answer) : 0;

  octets scoped = take(&message, SEQUENCE);
  take(&scoped, OCTETS);
  with.context_name = take(&scoped, OCTETS);
  if (!with.context_name.at || with.context_name.length > TEXT_MAX || user.length > TEXT_MAX) return 0;
  size_t most = number(size) < LEAST_SIZE ? LEAST_SIZE : (size_t)number(size);
  uint8_t built[ANSWER_MAX], *end = built + sizeof built;
  uint8_t *at = agent_respond(scoped, false, address, (most < ANSWER_MAX ? most : ANSWER_MAX) - HEAD_MAX, end);
  return at ? seal(&with, with.level, at, end, answer) : 0;
}
