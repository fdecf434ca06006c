/* The objects of a made-up printer, and GET, GETNEXT and GETBULK over them (RFC 1157 section 4.1, RFC 3416 section 4.2).
 *
 * Each object is kept as the varbind that an answer carries, encoded once: an answer is a few copies. The table is
 * sorted by object identifier, a look-up is a binary search.
 */
#include "agent.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS = 1 << 16, NAMES_MAX = 128 };
enum { TOO_BIG = 1, NO_SUCH_NAME = 2 };

typedef struct {
  uint8_t *varbind; /* the whole of it, with its header */
  uint16_t length;
  uint16_t name, name_length; /* where the identifier's content lies in it */
  uint16_t stamp;             /* where eight hexadecimal digits of the address go; 0 for nowhere */
  bool is_counter64;          /* SNMPv1 has none (RFC 2576 section 4.1.2.1): it never sees them */
} object;

static object table[OBJECTS];
static size_t objects;

/* --- encoding --- */

static size_t put_tlv(uint8_t *out, int tag, const void *content, size_t length) {
  size_t head = 1;
  out[0] = (uint8_t)tag;
  head += put_length(out + 1, length);
  memcpy(out + head, content, length);
  return head + length;
}

static size_t put_name(uint8_t *out, const char *dotted) {
  unsigned long arc = strtoul(dotted, (char **)&dotted, 10) * 40;
  arc += strtoul(dotted + 1, (char **)&dotted, 10);
  for (size_t size = 0;; arc = strtoul(dotted + 1, (char **)&dotted, 10)) {
    int groups = 1;
    while (groups < 5 && arc >> 7 * groups) groups++;
    while (groups--) out[size++] = (uint8_t)((arc >> 7 * groups & 127) | (groups ? 128 : 0));
    if (*dotted != '.') return size;
  }
}

/* --- the table --- */

static void add(const char *dotted, int tag, const void *content, size_t length, size_t stamp) {
  uint8_t name[64], inside[512], whole[520];
  size_t name_length = put_name(name, dotted);
  size_t size = put_tlv(inside, NAME, name, name_length);
  size_t value = put_tlv(inside + size, tag, content, length);
  size_t head = put_tlv(whole, SEQUENCE, inside, size + value) - (size + value);
  object *made = &table[objects++];
  made->length = (uint16_t)(head + size + value);
  made->varbind = malloc(made->length);
  memcpy(made->varbind, whole, made->length);
  made->name = (uint16_t)(head + 2);
  made->name_length = (uint16_t)name_length;
  made->stamp = stamp ? (uint16_t)(made->length - length + stamp) : 0;
  made->is_counter64 = tag == COUNTER64;
}

static void add_text(const char *dotted, const char *text) {
  const char *stamp = strstr(text, "@@@@@@@@"); /* where the address goes */
  add(dotted, OCTETS, text, strlen(text), stamp ? (size_t)(stamp - text) : 0);
}

static void add_number(const char *dotted, int tag, uint64_t number) {
  uint8_t content[9];
  size_t size = 1;
  while (size < 9 && number >> (8 * size - 1)) size++; /* one more octet where the first bit would say minus */
  for (size_t at = 0; at < size; at++) content[at] = (uint8_t)(size - at > 8 ? 0 : number >> 8 * (size - at - 1));
  add(dotted, tag, content, size, 0);
}

static void add_name(const char *dotted, const char *named) {
  uint8_t content[64];
  add(dotted, NAME, content, put_name(content, named), 0);
}

static void add_interface(int column, int row) {
  char name[64], text[64];
  const uint8_t mac[6] = {0x00, 0x1b, 0x78, 0x10, (uint8_t)(row >> 8), (uint8_t)row};
  snprintf(name, sizeof name, "1.3.6.1.2.1.2.2.1.%d.%d", column, row);
  snprintf(text, sizeof text, "GigabitEthernet1/%d, patch panel %d", row, row % 24);
  if (column == 2) add_text(name, text);
  else if (column == 6) add(name, OCTETS, mac, sizeof mac, 0);
  else if (column == 9) add_number(name, TIMETICKS, 100u * (unsigned)row);
  else if (column == 22) add_name(name, "0.0");
  else if (column == 5 || column == 21) add_number(name, GAUGE32, 1000000000);
  else if (column >= 10) add_number(name, COUNTER32, 2654435761u * (unsigned)(row * column) & 0xffffffff);
  else add_number(name, INTEGER, column == 1 ? (unsigned)row : 6);
}

static void add_fast_interface(int column, int row) {
  char name[64], text[32];
  snprintf(name, sizeof name, "1.3.6.1.2.1.31.1.1.1.%d.%d", column, row);
  snprintf(text, sizeof text, "Gi1/%d", row);
  if (column == 1 || column == 18) add_text(name, text);
  else if (column >= 6 && column <= 13) add_number(name, COUNTER64, 6364136223846793005u * (unsigned)(row * column));
  else if (column == 15) add_number(name, GAUGE32, 1000);
  else add_number(name, column < 6 ? COUNTER32 : INTEGER, 1);
}

/* Whether the first identifier comes before (<0), at (0) or after (>0) the second. Octets order as numbers do, but for
   arcs of different length, where the longer is the greater. */
static int compare(octets one, octets other) {
  size_t shorter = one.length < other.length ? one.length : other.length, at = 0;
  while (at < shorter && one.at[at] == other.at[at]) at++;
  if (at == shorter) return (one.length > shorter) - (other.length > shorter);
  size_t begin = at, first = at, second = at;
  while (begin && one.at[begin - 1] & 128) begin--;
  while (first < one.length - 1 && one.at[first] & 128) first++;
  while (second < other.length - 1 && other.at[second] & 128) second++;
  return first != second ? (first > second) - (first < second) : one.at[at] - other.at[at];
}

static octets name_of(const object *of) { return (octets){of->varbind + of->name, of->name_length}; }

static int by_name(const void *one, const void *other) { return compare(name_of(one), name_of(other)); }

void agent_fill(int interfaces) {
  char name[64], text[64];
  add_text("1.3.6.1.2.1.1.1.0", "ACME LaserWriter 9000 dn, ROM 20260101, EEPROM V.44");
  add_name("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.11.2.3.9.1");
  add_number("1.3.6.1.2.1.1.3.0", TIMETICKS, 123456789);
  add_text("1.3.6.1.2.1.1.4.0", "facilities@example");
  add_text("1.3.6.1.2.1.1.5.0", "printer-@@@@@@@@");
  add_text("1.3.6.1.2.1.1.6.0", "Third floor, by the stairs");
  add_number("1.3.6.1.2.1.1.7.0", INTEGER, 72);
  add_number("1.3.6.1.2.1.2.1.0", INTEGER, (unsigned)interfaces);
  for (int row = 1; row <= interfaces; row++) {
    for (int column = 1; column <= 22; column++) add_interface(column, row);
    for (int column = 1; column <= 18; column++) add_fast_interface(column, row);
  }
  add_text("1.3.6.1.2.1.25.3.2.1.3.1", "ACME LaserWriter 9000 dn");
  add_number("1.3.6.1.2.1.25.3.5.1.1.1", INTEGER, 3);
  add_text("1.3.6.1.2.1.43.5.1.1.17.1", "SN@@@@@@@@");
  add_number("1.3.6.1.2.1.43.10.2.1.4.1.1", COUNTER32, 182736);
  for (int supply = 1; supply <= 5; supply++) {
    snprintf(name, sizeof name, "1.3.6.1.2.1.43.11.1.1.6.1.%d", supply);
    snprintf(text, sizeof text, "Toner cartridge number %d, AC-90%d", supply, supply);
    add_text(name, text);
    snprintf(name, sizeof name, "1.3.6.1.2.1.43.11.1.1.8.1.%d", supply);
    add_number(name, INTEGER, 12500);
    snprintf(name, sizeof name, "1.3.6.1.2.1.43.11.1.1.9.1.%d", supply);
    add_number(name, INTEGER, 4100u + (unsigned)supply);
  }
  qsort(table, objects, sizeof *table, by_name);
}

size_t agent_objects(void) { return objects; }

/* --- requests --- */

/* The object called `name` (a GET), or the first one after it; NULL where there is none. */
static const object *look_up(octets name, bool next, bool is_v1) {
  size_t low = 0, high = objects;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare(name_of(&table[middle]), name);
    if (order < 0 || (next && order == 0)) low = middle + 1;
    else high = middle;
  }
  while (next && is_v1 && low < objects && table[low].is_counter64) low++;
  if (low == objects || (is_v1 && table[low].is_counter64)) return NULL;
  return next || compare(name_of(&table[low]), name) == 0 ? &table[low] : NULL;
}

/* Append the varbind of `found`, or `name` with the exception of RFC 3416 that fits; return its length, 0 for no room. */
static size_t put_varbind(uint8_t *out, size_t room, const object *found, octets name, int exception, uint32_t address) {
  static const char digits[] = "0123456789abcdef";
  if (found) {
    if (found->length > room) return 0;
    memcpy(out, found->varbind, found->length);
    for (int digit = 0; found->stamp && digit < 8; digit++)
      out[found->stamp + digit] = (uint8_t)digits[address >> (28 - 4 * digit) & 15];
    return found->length;
  }
  uint8_t inside[160];
  if (name.length > 127 || name.length + 10 > room) return 0;
  size_t size = put_tlv(inside, NAME, name.at, name.length);
  size += put_tlv(inside + size, exception, "", 0);
  return put_tlv(out, SEQUENCE, inside, size);
}

uint8_t *agent_respond(octets from, bool is_v1, uint32_t address, size_t most, uint8_t *end) {
  if (!from.length || most > ANSWER_MAX) return NULL;
  octets names[NAMES_MAX];
  int type = from.at[0];
  if (type != GET && type != GET_NEXT && !(type == GET_BULK && !is_v1)) return NULL;
  octets pdu = take(&from, type), id = take(&pdu, INTEGER), first = take(&pdu, INTEGER), second = take(&pdu, INTEGER);
  octets asked = take(&pdu, SEQUENCE), list = asked;
  int count = 0;
  while (list.length && count < NAMES_MAX) {
    octets varbind = take(&list, SEQUENCE);
    names[count++] = take(&varbind, NAME);
    if (!names[count - 1].length) return NULL;
  }
  if (!id.at || id.length > 4 || !second.at || !asked.at || list.length) return NULL;

  int once = type == GET_BULK ? (int)number(first) : count; /* how many are asked for once: the non-repeaters */
  if (once > count) once = count;
  long turns = type == GET_BULK ? (once < count ? number(second) + 1 : 1) : 1; /* the first turn is that of `once` */
  uint8_t body[ANSWER_MAX], *out = body;
  int status = 0, index = 0;
  for (long turn = 0; turn < turns && !status; turn++) {
    bool more = turn == 0;
    for (int at = turn ? once : 0; at < (turn ? count : once) && !status; at++) {
      const object *found = look_up(names[at], type != GET, is_v1);
      if (!found && is_v1) {
        status = NO_SUCH_NAME, index = at + 1;
        break;
      }
      size_t room = (size_t)(body + most - out);
      size_t size = put_varbind(out, room, found, names[at], type == GET ? 0x80 : 0x82, address);
      if (!size && type == GET_BULK) turns = turn; /* as much as fits (RFC 3416 section 4.2.3) */
      else if (!size) status = TOO_BIG;
      if (!size) break;
      out += size;
      if (found) more = true, names[at] = name_of(found);
    }
    if (!more) break; /* every repeater has come to the end of the view */
  }
  octets varbinds = {body, (size_t)(out - body)};
  if (status == NO_SUCH_NAME) varbinds = asked;
  if (status == TOO_BIG) varbinds.length = 0;
  if (varbinds.length > most) return NULL;

  uint8_t *at = prepend_all(end, SEQUENCE, varbinds);
  at -= 6, memcpy(at, (uint8_t[]){INTEGER, 1, (uint8_t)status, INTEGER, 1, (uint8_t)index}, 6);
  at = prepend_all(at, INTEGER, id);
  return prepend(at, RESPONSE, (size_t)(end - at));
}

size_t agent_answer(const uint8_t *request, size_t length, uint32_t address, const char *community,
                    uint8_t answer[ANSWER_MAX]) {
  enum { HEAD_MAX = 128 }; /* what stands around the varbinds */
  octets all = {request, length};
  octets message = take(&all, SEQUENCE), version = take(&message, INTEGER), secret = take(&message, OCTETS);
  if (!secret.at || version.length != 1 || version.at[0] > 1 || secret.length > 64) return 0;
  if (community && (secret.length != strlen(community) || memcmp(secret.at, community, secret.length))) return 0;
  uint8_t built[ANSWER_MAX], *end = built + sizeof built;
  uint8_t *at = agent_respond(message, version.at[0] == 0, address, ANSWER_MAX - HEAD_MAX, end);
  if (!at) return 0;
  at = prepend_all(at, OCTETS, secret);
  at -= 3, memcpy(at, (uint8_t[]){INTEGER, 1, version.at[0]}, 3);
  at = prepend(at, SEQUENCE, (size_t)(end - at));
  memcpy(answer, at, (size_t)(end - at));
  return (size_t)(end - at);
}
