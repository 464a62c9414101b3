/*
 * daos_security.h - access control lists, by name only: the local provider has none.
 */
#ifndef DAOS_SECURITY_H
#define DAOS_SECURITY_H

#include <daos_prop.h>

struct daos_acl;
struct daos_ace;

#endif
