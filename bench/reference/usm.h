/* What one SNMPv3 device answers to one user, of SHA-256 and AES-128 (RFC 3414, 3826, 7860). No I/O. */
#ifndef USM_H
#define USM_H
#include "agent.h"

/* Make the user: its name is kept, its passwords are stretched (RFC 3414 section A.2). */
void usm_prepare(const char *user, const char *auth_password, const char *priv_password);

/* Answer `request` as the device at `address` (host order), whose engine has run for `seconds` since its first boot;
   return the length of what is in `answer`, 0 for no answer. The engine ID has the address in it: 80001f88 01 and its
   four octets (RFC 3411 section 5). Any context is answered. authNoPriv is, too: the one thing that RFC 3414 section 4
   needs it for is a client that sets its clock so. */
size_t usm_answer(const uint8_t *request, size_t length, uint32_t address, uint32_t seconds,
                  uint8_t answer[ANSWER_MAX]);
#endif
