/* What one SNMP device answers: a table of objects, and requests over it. No I/O. */
#ifndef AGENT_H
#define AGENT_H
#include <stdbool.h>

#include "ber.h"

enum { ANSWER_MAX = 1472 }; /* octets of an answer: what one Ethernet frame carries */

/* Fill the table: a printer, with `interfaces` rows in ifTable and ifXTable so that a walk is worth measuring. */
void agent_fill(int interfaces);

/* How many objects it has. */
size_t agent_objects(void);

/* Answer `request` as the device at `address` (host order) into `answer`; return its length, 0 for no answer. Only
   GET, GETNEXT and GETBULK of SNMPv1 and v2c are answered, and with `community` not NULL only those with it. */
size_t agent_answer(const uint8_t *request, size_t length, uint32_t address, const char *community,
                    uint8_t answer[ANSWER_MAX]);

/* The same without the message around it: write the answer to the PDU that `from` begins with so that it ends at `end`,
   with at most `most` octets of varbinds; return where it begins, NULL for no answer. */
uint8_t *agent_respond(octets from, bool is_v1, uint32_t address, size_t most, uint8_t *end);
#endif
