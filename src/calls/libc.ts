/**
 * The other exported names of libc: why they have no row. Names are separated by blanks; one that ends in `*` stands
 * for a family that can't come to concern files, whatever is added to it. Everything that can is written out, so a
 * name of a newer glibc is missed here and the test says so.
 */
import type { Disposition } from './row.js';

export interface OtherNames {
  readonly what: Disposition;
  readonly reason: string;
  readonly names: string;
}

export const otherNames: readonly OtherNames[] = [
  { what: 'take', reason: 'variable number of arguments: native/shim/variadic.c', names: `
      execl execle execlp dprintf __dprintf_chk syscall` },
  { what: 'take', reason: 'runs no handler of pthread_atfork(): native/shim/clone.c tells the child', names: `
      clone _Fork` },
  { what: 'inner', reason: 'stdio: its system calls are routed', names: `
      fopen fopen64 freopen freopen64 fclose fcloseall fflush fflush_unlocked _flushlbf tmpfile tmpfile64 __fpurge
      fread fread_unlocked __fread_chk __fread_unlocked_chk fwrite fwrite_unlocked fgetc fgetc_unlocked fputc fputc_unlocked
      fgets fgets_unlocked __fgets_chk __fgets_unlocked_chk fputs fputs_unlocked getc getc_unlocked putc putc_unlocked
      getchar getchar_unlocked putchar putchar_unlocked gets __gets_chk puts getw putw ungetc getdelim __getdelim getline
      fgetwc fgetwc_unlocked fputwc fputwc_unlocked fgetws fgetws_unlocked __fgetws_chk __fgetws_unlocked_chk fputws
      fputws_unlocked getwc getwc_unlocked putwc putwc_unlocked getwchar getwchar_unlocked putwchar putwchar_unlocked ungetwc
      fprintf __fprintf_chk vfprintf __vfprintf_chk printf __printf_chk vprintf __vprintf_chk fwprintf __fwprintf_chk
      vfwprintf __vfwprintf_chk wprintf __wprintf_chk vwprintf __vwprintf_chk fscanf vfscanf __vfscanf scanf vscanf fwscanf
      vfwscanf wscanf vwscanf fseek fseeko fseeko64 ftell ftello ftello64 fsetpos fsetpos64 fgetpos fgetpos64 rewind
      setbuf setbuffer setlinebuf setvbuf __overflow __uflow __underflow __woverflow __wuflow __wunderflow _IO_*
      psignal psiginfo perror herror err errx verr verrx warn warnx vwarn vwarnx error error_at_line putgrent putpwent putsgent
      putspent backtrace_symbols_fd __backtrace_symbols_fd fmtmsg getpass getopt getopt_long getopt_long_only __posix_getopt
      argp_error argp_failure argp_help argp_parse argp_state_help argp_usage malloc_info malloc_stats` },
  { what: 'inner', reason: 'directory streams and walks: their system calls are routed', names: `
      opendir scandir scandir64 alphasort alphasort64
      versionsort versionsort64 ftw ftw64 nftw nftw64 fts_open fts_read fts_children fts_set fts_close fts64_open fts64_read
      fts64_children fts64_set fts64_close glob glob64 globfree globfree64 glob_pattern_p wordfree realpath
      __realpath_chk canonicalize_file_name pathconf` },
  { what: 'inner', reason: 'makes or finds files with system calls that are routed', names: `
      mkstemp mkstemp64 mkstemps mkstemps64 mkostemp mkostemp64 mkostemps mkostemps64 mkdtemp mktemp tempnam tmpnam tmpnam_r
      ftok ustat ttyname ttyname_r __ttyname_r_chk daemon shm_open shm_unlink sem_open sem_close sem_unlink mtrace muntrace
      monstartup __monstartup moncontrol _mcleanup catopen catgets catclose iconv_open iconv iconv_close bindtextdomain
      bind_textdomain_codeset textdomain gettext dgettext dcgettext ngettext dngettext dcngettext __dgettext __dcgettext
      setlocale newlocale __newlocale getdate getdate_r tzset nl_langinfo nl_langinfo_l __nl_langinfo_l dlopen dlmopen
      setmntent __setmntent endmntent __endmntent getmntent getmntent_r __getmntent_r addmntent getfsent getfsfile getfsspec
      setfsent endfsent getttyent getttynam setttyent endttyent getusershell setusershell endusershell lckpwdf ulckpwdf
      fgetgrent fgetgrent_r fgetpwent fgetpwent_r fgetsgent fgetsgent_r fgetspent fgetspent_r sgetsgent sgetsgent_r sgetspent
      sgetspent_r getgr* setgr* endgr* getpw* setpw* endpw* getsg* setsg* endsg* getsp* setsp* endsp* getgrouplist initgroups
      getutent getutent_r getutid getutid_r getutline getutline_r getutmp getutmpx getutxent getutxid getutxline pututline
      pututxline setutent setutxent endutent endutxent utmpname utmpxname updwtmp updwtmpx login login_tty logout logwtmp
      getlogin getlogin_r __getlogin_r_chk setlogin cuserid ttyslot openlog closelog syslog __syslog_chk vsyslog __vsyslog_chk
      setlogmask get_nprocs get_nprocs_conf get_phys_pages get_avphys_pages getloadavg sysconf __sysconf getaliasent*
      getaliasbyname* setaliasent endaliasent eventfd_read eventfd_write if_indextoname if_nametoindex if_nameindex
      if_freenameindex getifaddrs freeifaddrs` },
  { what: 'inner', reason: 'asynchronous requests already handed over', names: `
      aio_cancel aio_cancel64 aio_error aio_error64 aio_return aio_return64 aio_suspend aio_suspend64 aio_init` },
  { what: 'inner', reason: 'starts a program: the exec inside libc is routed', names: `
      posix_spawn_* posix_spawnattr_* pclose` },
  { what: 'kernel', reason: 'the child has its own copy of the shim: pthread_atfork() tells it', names: `
      fork __fork forkpty __clone __vfork` },
  { what: 'kernel', reason: 'a placeholder is ready as a regular file is', names: `
      poll __poll __poll_chk ppoll __ppoll_chk select __select pselect epoll_create epoll_create1 epoll_wait
      epoll_pwait epoll_pwait2 __fdelt_chk __fdelt_warn` },
  { what: 'kernel', reason: 'works on pages that the kernel has mapped', names: `
      msync madvise posix_madvise process_madvise mincore mlock mlock2 mlockall munlock munlockall mprotect
      remap_file_pages pkey_mprotect pkey_alloc pkey_free pkey_get pkey_set` },
  { what: 'kernel', reason: 'the path or descriptor is the kernel\'s, reached through dfuse', names: `
      mount umount umount2 pivot_root chroot swapon swapoff acct quotactl fsopen fsconfig fsmount inotify_add_watch inotify_init
      inotify_init1 inotify_rm_watch fanotify_init uselib sync setns unshare tcsetattr tcdrain tcflow tcflush tcgetpgrp
      tcgetsid tcsendbreak tcsetpgrp stty gtty grantpt unlockpt ptsname ptsname_r __ptsname_r_chk getpt openpty posix_openpt
      vmsplice tee pipe __pipe pipe2 eventfd pidfd_getfd pidfd_getpid pidfd_open pidfd_send_signal process_mrelease
      accept accept4 bind connect __connect listen socket socketpair shutdown send __send sendto recv __recv_chk recvfrom
      __recvfrom_chk getsockname getpeername getsockopt setsockopt sockatmark isfdtype timerfd_* signalfd
      mq_open __mq_open_2 mq_close mq_getattr mq_notify mq_receive mq_send mq_setattr mq_timedreceive mq_timedsend mq_unlink
      memfd_create init_module delete_module` },
  { what: 'none', reason: 'not implemented in Linux: always an error', names: `
      fattach fdetach getmsg getpmsg putmsg putpmsg revoke chflags fchflags create_module get_kernel_syms query_module
      nfsservctl bdflush sstk vlimit vtimes stime ulimit sysctl __sysctl` },
  { what: 'none', reason: 'a stream\'s own state', names: `
      feof feof_unlocked ferror ferror_unlocked clearerr clearerr_unlocked fileno fileno_unlocked dirfd flockfile ftrylockfile
      funlockfile fwide fmemopen fopencookie open_memstream open_wmemstream __fbufsize __flbf __fpending __freadable __freading
      __fwritable __fwriting __fsetlocking` },
  { what: 'none', reason: 'strings and characters', names: `
      str* __str* wcs* __wcs* wmem* __wmem* mem* __mem* is* __is* isw* tow* __tow* stpcpy stpncpy __stpcpy* __stpncpy*
      bcmp bcopy bzero __bzero explicit_bzero __explicit_bzero_chk ffs ffsl ffsll __ffs stdc_* index rindex rawmemchr __rawmemchr
      swab basename __xpg_basename dirname mb* __mb* c8rtomb c16* c32* wc* __wc* btowc ascii* toascii tolower toupper _tolower
      _toupper __toascii_l __tolower_l __toupper_l tolower_l toupper_l __ctype* argz_* __argz_* envz_* __xpg_strerror_r
      sprintf __sprintf_chk snprintf __snprintf_chk vsprintf __vsprintf_chk vsnprintf __vsnprintf_chk __vsnprintf asprintf
      __asprintf __asprintf_chk vasprintf __vasprintf_chk swprintf __swprintf_chk vswprintf __vswprintf_chk sscanf vsscanf
      __vsscanf swscanf vswscanf obstack_* _obstack* __obstack_* printf_size printf_size_info parse_printf_format
      register_printf_function register_printf_modifier register_printf_specifier __printf_fp fnmatch regcomp regexec regerror
      regfree re_comp re_exec re_compile_fastmap re_compile_pattern re_match re_match_2 re_search re_search_2 re_set_registers
      re_set_syntax advance step rpmatch getsubopt register_printf_type localeconv uselocale __uselocale duplocale __duplocale freelocale
      __freelocale l64a a64l confstr __confstr_chk` },
  { what: 'none', reason: 'numbers and tables', names: `
      abs labs llabs imaxabs div ldiv lldiv imaxdiv atof atoi atol atoll copysign* frexp* ldexp* modf* scalbn* finite*
      __finite* ecvt ecvt_r fcvt fcvt_r gcvt qecvt qecvt_r qfcvt qfcvt_r qgcvt drand48 drand48_r erand48 erand48_r jrand48
      jrand48_r lcong48 lcong48_r lrand48 lrand48_r mrand48 mrand48_r nrand48 nrand48_r seed48 seed48_r srand48 srand48_r
      rand rand_r random random_r srand srandom srandom_r initstate initstate_r setstate setstate_r arc4random* getrandom
      getentropy bsearch qsort qsort_r lfind lsearch tsearch tfind tdelete tdestroy twalk twalk_r hcreate* hdestroy* hsearch*
      insque remque` },
  { what: 'none', reason: 'memory', names: `
      malloc* __malloc* calloc realloc reallocarray free cfree valloc pvalloc aligned_alloc posix_memalign mallinfo mallinfo2
      mallopt mcheck mcheck_check_all mcheck_pedantic mprobe tr_break __default_morecore brk sbrk __sbrk __libc_*` },
  { what: 'none', reason: 'threads and synchronisation', names: `
      pthread_* __pthread_* _pthread_* sem_init sem_destroy sem_wait sem_trywait sem_timedwait sem_clockwait sem_post
      sem_getvalue mtx_* cnd_* thrd_* tss_* call_once __register_atfork` },
  { what: 'none', reason: 'signals and jumps', names: `
      sig* __sig* _setjmp setjmp _longjmp longjmp __longjmp_chk bsd_signal ssignal sysv_signal __sysv_signal gsignal
      raise kill killpg tgkill alarm ualarm pause abort __xpg_sigpause getcontext setcontext makecontext swapcontext` },
  { what: 'none', reason: 'time', names: `
      time times clock* __clock* timer_* timespec_get timespec_getres gettimeofday __gettimeofday settimeofday adjtime adjtimex
      __adjtimex ntp_* ftime difftime mktime timegm timelocal gmtime gmtime_r __gmtime_r localtime localtime_r asctime
      asctime_r ctime ctime_r dysize getitimer setitimer nanosleep __nanosleep sleep usleep` },
  { what: 'none', reason: 'the process, its identity and limits', names: `
      _exit _Exit exit quick_exit on_exit __cxa_* _dl_* dl_iterate_phdr dladdr dladdr1 dlclose dlerror
      dlinfo dlsym dlvsym getpid __getpid getppid gettid getpgid __getpgid getpgrp __bsd_getpgrp setpgid __setpgid setpgrp
      getsid setsid getuid geteuid getgid getegid getresuid getresgid setuid seteuid setgid setegid setreuid setregid setresuid
      setresgid setfsuid setfsgid getgroups __getgroups_chk setgroups group_member getauxval __getauxval getenv secure_getenv
      __secure_getenv putenv setenv unsetenv clearenv getpriority setpriority nice getrlimit getrlimit64 setrlimit setrlimit64
      prlimit prlimit64 getrusage getdtablesize getpagesize __getpagesize sched_* __sched_* getcpu prctl arch_prctl
      __arch_prctl personality ptrace process_vm_readv process_vm_writev wait __wait wait3 wait4 waitid waitpid __waitpid
      capget capset iopl ioperm modify_ldt klogctl reboot vhangup profil sprofil uname sysinfo gethostid sethostid gethostname
      __gethostname_chk sethostname getdomainname __getdomainname_chk setdomainname gnu_get_libc_release gnu_get_libc_version
      gnu_dev_* ctermid backtrace __backtrace backtrace_symbols __backtrace_symbols mcount _mcount __fentry__ __cyg_profile_*
      __stack_chk_fail __chk_fail __assert* __errno_location __h_errno_location __profile_frequency __x86_get_cpuid_feature_leaf
      hasmntopt addseverity __rseq*` },
  { what: 'none', reason: 'System V queues, semaphores and shared memory', names: `
      shmat shmctl shmdt shmget semctl semget semop semtimedop msgctl msgget msgrcv msgsnd` },
  { what: 'none', reason: 'network names, addresses and RPC: no files of a program', names: `
      inet_* __inet_* inet6_* ns_* __ns_* res_* __res_* dn_* __dn_* getaddrinfo getaddrinfo_a getnameinfo freeaddrinfo
      gai_* gethostby* gethostent* getnet* getproto* getserv* getrpc* sethostent setnetent setnetgrent setprotoent setservent
      setrpcent endhostent endnetent endnetgrent endprotoent endservent endrpcent hstrerror htonl htons ntohl ntohs ether_*
      innetgr iruserok iruserok_af ruserok ruserok_af ruserpass __ivaliduser rcmd rcmd_af rexec rexec_af rresvport rresvport_af
      bindresvport getipv4sourcefilter setipv4sourcefilter getsourcefilter setsourcefilter __cmsg_nxthdr cfget* cfset*
      cfmakeraw xdr* svc* clnt* key_* auth* _authenticate pmap_* __rpc_* _rpc_* rpc* registerrpc callrpc rtime get_myaddress
      getpublickey getsecretkey netname2host netname2user user2netname host2netname passwd2des xencrypt xdecrypt cbc_crypt
      ecb_crypt des_setparity xprt_* _seterr_reply __nss_* getrpcport getnetname getnetgrent* fgetnetgr*` },
];

/** True when \a name is one of \a names. */
export function isAmong(name: string, names: string): boolean {
  return names.split(/\s+/).some((n) => n !== '' && (n.endsWith('*') ? name.startsWith(n.slice(0, -1)) : n === name));
}
