// Tells the thread sanitizer what it can't see of Synchronization.Mutex: under contention the lock changes hands in the
// standard library and in the kernel (FUTEX_LOCK_PI), neither of which is instrumented, so that it takes what the lock
// orders for a race. Preloaded by scripts/sanitize.sh, this stands before the two functions that the compiled code calls
// where a lock is contended; each has the lock as its `self`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void lock_slow(uint32_t thread, SELF void *self) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *self) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *self) {
  SWIFT void (*next)(uint32_t, SELF void *) = dlsym(RTLD_NEXT, LOCK);
  next(thread, self);
  __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF void *self) {
  SWIFT void (*next)(SELF void *) = dlsym(RTLD_NEXT, UNLOCK);
  __tsan_release(self);
  next(self);
}
