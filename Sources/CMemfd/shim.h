// Files of memory: memfd_create(2) and the seals of fcntl(2), which glibc declares under _GNU_SOURCE alone.
#include <linux/memfd.h>

int memfd_create(const char *name, unsigned int flags);

#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#define F_SEAL_WRITE 0x0008
