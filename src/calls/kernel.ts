/** The system calls of Linux 6.12 on x86-64 that have no row, and why. The test holds that every number has one place. */
import type { Disposition } from './row.js';

export interface OtherNumbers {
  readonly what: Disposition;
  readonly reason: string;
  /** They make a descriptor or look at many: native/shim/parking.c. */
  readonly unparks?: true;
  /** Names with their numbers. */
  readonly calls: Readonly<Record<string, number>>;
}

/** The last system call that is classified. A newer kernel's are passed on. */
export const LAST_NUMBER = 462;

export const otherNumbers: readonly OtherNumbers[] = [
  { what: 'kernel', reason: 'new process: it has its own copy of the shim, or shares all of it', calls: {
      clone: 56, fork: 57, vfork: 58, clone3: 435,
  } },
  { what: 'kernel', reason: 'readiness: a placeholder is ready as a regular file is', unparks: true, calls: {
      poll: 7, select: 23, epoll_create: 213, epoll_create1: 291, pselect6: 270, ppoll: 271,
  } },
  { what: 'kernel', reason: 'readiness of what was named before', calls: {
      epoll_wait: 232, epoll_pwait: 281, epoll_pwait2: 441, epoll_ctl_old: 214, epoll_wait_old: 215,
  } },
  { what: 'kernel', reason: 'works on pages that the kernel has mapped', calls: {
      mprotect: 10, msync: 26, mincore: 27, madvise: 28, mlock: 149, munlock: 150,
      mlockall: 151, munlockall: 152, mlock2: 325, remap_file_pages: 216, pkey_mprotect: 329, pkey_alloc: 330,
      pkey_free: 331, process_madvise: 440, mseal: 462, map_shadow_stack: 453,
  } },
  { what: 'kernel', reason: 'the path or descriptor is the kernel\'s, reached through dfuse', calls: {
      pivot_root: 155, mount: 165, umount2: 166, swapon: 167, swapoff: 168, chroot: 161, acct: 163, quotactl: 179,
      sync: 162, ustat: 136, uselib: 134, inotify_add_watch: 254, inotify_rm_watch: 255, fsconfig: 431, setns: 308,
      unshare: 272, statmount: 457, listmount: 458, landlock_add_rule: 445, landlock_restrict_self: 446,
      init_module: 175, kexec_load: 246, delete_module: 176, lookup_dcookie: 212,
  } },
  { what: 'kernel', reason: 'makes a descriptor of the kernel\'s', unparks: true, calls: {
      inotify_init: 253, inotify_init1: 294, fanotify_init: 300, fsopen: 430, fsmount: 432,
      landlock_create_ruleset: 444, bpf: 321, perf_event_open: 298, pipe: 22, pipe2: 293, eventfd: 284, eventfd2: 290,
      signalfd: 282, signalfd4: 289, timerfd_create: 283, memfd_create: 319, memfd_secret: 447, userfaultfd: 323,
      pidfd_open: 434, pidfd_getfd: 438, mq_open: 240,
  } },
  { what: 'kernel', reason: 'pipes and what else is never a file', calls: {
      tee: 276, vmsplice: 278, timerfd_settime: 286, timerfd_gettime: 287, pidfd_send_signal: 424,
      process_mrelease: 448,
  } },
  { what: 'kernel', reason: 'sockets; one that passes descriptors has a row', calls: {
      connect: 42, sendto: 44, recvfrom: 45, shutdown: 48, bind: 49, listen: 50, getsockname: 51, getpeername: 52,
      setsockopt: 54, getsockopt: 55,
  } },
  { what: 'kernel', reason: 'makes or receives sockets and descriptors; what recvmsg received is seen by its symbol', unparks: true, calls: {
      socket: 41, socketpair: 53, accept: 43, accept4: 288, recvmsg: 47, recvmmsg: 299,
  } },
  { what: 'kernel', reason: 'requests already handed over; those of an io_uring lie in shared memory', calls: {
      io_setup: 206, io_destroy: 207, io_getevents: 208, io_pgetevents: 333, io_cancel: 210, io_uring_enter: 426,
  } },
  { what: 'none', reason: 'never routed: does not return, or not to its caller', calls: {
      exit: 60, exit_group: 231, rt_sigreturn: 15,
  } },
  { what: 'none', reason: 'memory without a file', calls: {
      brk: 12, shmget: 29, shmat: 30, shmctl: 31, shmdt: 67, mbind: 237, set_mempolicy: 238, get_mempolicy: 239,
      migrate_pages: 256, move_pages: 279, set_mempolicy_home_node: 450, membarrier: 324, process_vm_readv: 310,
      process_vm_writev: 311,
  } },
  { what: 'none', reason: 'signals', calls: {
      rt_sigaction: 13, rt_sigprocmask: 14, rt_sigpending: 127, rt_sigtimedwait: 128, rt_sigqueueinfo: 129,
      rt_sigsuspend: 130, sigaltstack: 131, rt_tgsigqueueinfo: 297, kill: 62, tkill: 200, tgkill: 234, pause: 34,
      restart_syscall: 219,
  } },
  { what: 'none', reason: 'threads and synchronisation', calls: {
      futex: 202, futex_waitv: 449, futex_wake: 454, futex_wait: 455, futex_requeue: 456, set_robust_list: 273,
      get_robust_list: 274, set_tid_address: 218, rseq: 334, gettid: 186, sched_yield: 24, arch_prctl: 158,
      set_thread_area: 205, get_thread_area: 211, modify_ldt: 154, semget: 64, semop: 65, semctl: 66, semtimedop: 220,
      msgget: 68, msgsnd: 69, msgrcv: 70, msgctl: 71, mq_unlink: 241, mq_timedsend: 242,
      mq_timedreceive: 243, mq_notify: 244, mq_getsetattr: 245,
  } },
  { what: 'none', reason: 'time', calls: {
      nanosleep: 35, getitimer: 36, alarm: 37, setitimer: 38, gettimeofday: 96, settimeofday: 164, time: 201,
      times: 100, adjtimex: 159, timer_create: 222, timer_settime: 223, timer_gettime: 224, timer_getoverrun: 225,
      timer_delete: 226, clock_settime: 227, clock_gettime: 228, clock_getres: 229, clock_nanosleep: 230,
      clock_adjtime: 305,
  } },
  { what: 'none', reason: 'the process, its identity and limits', calls: {
      getpid: 39, getppid: 110, getuid: 102, geteuid: 107, getgid: 104, getegid: 108, setuid: 105, setgid: 106,
      setpgid: 109, getpgid: 121, getpgrp: 111, setsid: 112, getsid: 124, setreuid: 113, setregid: 114,
      getgroups: 115, setgroups: 116, setresuid: 117, getresuid: 118, setresgid: 119, getresgid: 120, setfsuid: 122,
      setfsgid: 123, capget: 125, capset: 126, personality: 135, getpriority: 140, setpriority: 141,
      sched_setparam: 142, sched_getparam: 143, sched_setscheduler: 144, sched_getscheduler: 145,
      sched_get_priority_max: 146, sched_get_priority_min: 147, sched_rr_get_interval: 148, sched_setaffinity: 203,
      sched_getaffinity: 204, sched_setattr: 314, sched_getattr: 315, getcpu: 309, getrlimit: 97, setrlimit: 160,
      prlimit64: 302, getrusage: 98, wait4: 61, waitid: 247, prctl: 157, ptrace: 101, kcmp: 312, ioprio_set: 251,
      ioprio_get: 252, seccomp: 317, add_key: 248, request_key: 249, keyctl: 250, lsm_get_self_attr: 459,
      lsm_set_self_attr: 460, lsm_list_modules: 461, getrandom: 318,
  } },
  { what: 'none', reason: 'the machine', calls: {
      uname: 63, sysinfo: 99, syslog: 103, sethostname: 170, setdomainname: 171, reboot: 169, iopl: 172, ioperm: 173,
      vhangup: 153, sysfs: 139, _sysctl: 156,
  } },
  { what: 'none', reason: 'without an implementation', calls: {
      create_module: 174, get_kernel_syms: 177, query_module: 178, nfsservctl: 180, getpmsg: 181, putpmsg: 182,
      afs_syscall: 183, tuxcall: 184, security: 185, vserver: 236,
  } },
];
