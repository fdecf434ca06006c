/* The little of BER that an agent and a sweep need (RFC 3417 section 8): elements are taken off the front of what came,
 * and answers are written from their end to their beginning, so that every length is known when its header is written. */
#ifndef BER_H
#define BER_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { INTEGER = 0x02, OCTETS = 0x04, NUL = 0x05, NAME = 0x06, SEQUENCE = 0x30 };
enum { COUNTER32 = 0x41, GAUGE32 = 0x42, TIMETICKS = 0x43, COUNTER64 = 0x46 };
enum { GET = 0xa0, GET_NEXT = 0xa1, RESPONSE = 0xa2, GET_BULK = 0xa5, REPORT = 0xa8 };

typedef struct {
  const uint8_t *at;
  size_t length;
} octets;

static inline size_t put_length(uint8_t *out, size_t length) {
  if (length < 128) return out[0] = (uint8_t)length, 1;
  if (length < 256) return out[0] = 0x81, out[1] = (uint8_t)length, 2;
  return out[0] = 0x82, out[1] = (uint8_t)(length >> 8), out[2] = (uint8_t)length, 3;
}

/* Write a header in front of `at`, for `length` octets that stand there; return where it begins. */
static inline uint8_t *prepend(uint8_t *at, int tag, size_t length) {
  uint8_t head[4];
  head[0] = (uint8_t)tag;
  size_t size = 1 + put_length(head + 1, length);
  return memcpy(at - size, head, size);
}

/* The same with its content, which stands somewhere else. */
static inline uint8_t *prepend_all(uint8_t *at, int tag, octets content) {
  at -= content.length;
  if (content.length) memcpy(at, content.at, content.length);
  return prepend(at, tag, content.length);
}

/* Take an element with `tag` off the front of `from`; content of length 0 and a NULL place where there is none. */
static inline octets take(octets *from, int tag) {
  size_t length, head = 2;
  if (from->length < 2 || (tag && from->at[0] != tag)) return (octets){NULL, 0};
  length = from->at[1];
  if (length == 0x81 && from->length > 2) length = from->at[2], head = 3;
  else if (length == 0x82 && from->length > 3) length = (size_t)(from->at[2] << 8 | from->at[3]), head = 4;
  else if (length > 127) return (octets){NULL, 0};
  if (head + length > from->length) return (octets){NULL, 0};
  octets content = {from->at + head, length};
  *from = (octets){from->at + head + length, from->length - head - length};
  return content;
}

static inline long number(octets content) {
  long value = 0;
  for (size_t at = 0; at < content.length && at < 4; at++) value = value << 8 | content.at[at];
  return value;
}
#endif
