import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';
import { smallProject } from '../support/project.js';

const mounted = useMountedContainer();

describe('configure and make', () => {
  sameAsKernel(mounted, {
    name: 'autoconf, configure in a directory of its own, make -j2, check, install and distclean',
    needs: ['autoconf', 'make', 'gcc'],
    repeatable: false,
    options: { seconds: 200, env: { CONFIG_SITE: '/dev/null' } },
    script: `${smallProject}
      cat > configure.ac <<'END'
AC_INIT([small], [1.0])
AC_CONFIG_SRCDIR([src/main.c])
AC_CONFIG_HEADERS([config.h])
AC_PROG_CC
AC_CHECK_HEADERS([stdlib.h unistd.h nowhere.h])
AC_CHECK_FUNCS([mmap no_such_function])
AC_C_BIGENDIAN
AC_CHECK_SIZEOF([long])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
END
      cat > Makefile.in <<'END'
srcdir = @srcdir@
VPATH = @srcdir@/src:@srcdir@/lib
prefix = @prefix@
CC = @CC@
objects = main.o twice.o part1.o part2.o part3.o part4.o part5.o part6.o
small: $(objects)
	$(CC) -o $@ $(objects)
%.o: %.c config.h
	$(CC) -I. -I$(srcdir)/lib -c -o $@ $<
check: small
	./small | grep -q 'small 42 21' && echo passed
install: small
	mkdir -p $(prefix)/bin && install -m 755 small $(prefix)/bin/small
distclean:
	rm -f small $(objects) config.h config.log config.status Makefile
END
      autoconf; autoheader; mkdir build; cd build
      ../configure --prefix="$PWD/../root" > out; grep -E 'nowhere|mmap|size of long|checking whether we' out; ls; grep -v '^/\\*' config.h | grep . | sort
      make -j2 > /dev/null; make check | tail -1; make install | wc -l; ../root/bin/small; make -j2; touch ../src/part3.c; make | grep -c part3
      ./config.status --recheck > /dev/null; ./config.status | sort; make distclean > /dev/null; ls`,
  });
});

describe('gcc', () => {
  sameAsKernel(mounted, {
    name: 'compiles, links with a library, and the program runs inside',
    needs: ['gcc'],
    repeatable: false,
    script: `
      mkdir src lib bin
      echo 'int twice(int n);' > src/twice.h
      printf '#include "twice.h"\\nint twice(int n) { return 2 * n; }\\n' > src/twice.c
      printf '#include <stdio.h>\\n#include "twice.h"\\nint main(int c, char **v) { FILE *f = fopen("out", "w"); fprintf(f, "%%d\\\\n", twice(21)); fclose(f); printf("%%s\\\\n", v[c - 1]); return 7; }\\n' > src/main.c
      gcc -c -fPIC -g -o lib/twice.o src/twice.c; ar rcs lib/libtwice.a lib/twice.o; gcc -shared -o lib/libtwice.so lib/twice.o
      gcc -O2 -Isrc -o bin/static src/main.c lib/libtwice.a; gcc -pipe -save-temps=obj -Isrc -o bin/dynamic src/main.c -Llib -ltwice -Wl,-rpath,'$ORIGIN/../lib'
      for p in static dynamic; do bin/$p argument || echo "status $?"; cat out; rm out; done
      cd bin; ./dynamic here || cat out; gcc -MMD -MF deps -E ../src/main.c -I../src > /dev/null; grep -o 'twice.h' deps; strip dynamic; ./dynamic stripped || true; nm static | grep -c twice`,
  });
  sameAsKernel(mounted, {
    name: 'links with the other linker, for profiling and with link-time optimisation, and runs a program that loads a library at once',
    needs: ['gcc'],
    repeatable: false,
    script: `
      printf 'int answer(void) { return 42; }\\n' > plugin.c
      cat > main.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
	void *library = dlopen("./plugin.so", RTLD_NOW);
	int (*answer)(void) = library ? (int (*)(void))dlsym(library, "answer") : 0;
	printf("%d\\n", answer ? answer() : -1);
	return library ? dlclose(library) : 1;
}
END
      gcc -shared -fPIC -o plugin.so plugin.c; for linker in bfd gold; do gcc -fuse-ld=$linker -o main main.c && ./main; done
      gcc -flto -O2 -o main main.c; ./main; gcc --coverage -o main main.c; ./main; ls *.gcda; gcov -t *.gcda | grep -c dlsym
      for i in 1 2 3 4 5; do sed "s/42/$i/" plugin.c > changed.c; gcc -shared -fPIC -o new.so changed.c; mv new.so plugin.so; ./main; done`,
  });
  sameAsKernel(mounted, {
    name: 'make builds what has changed and nothing else',
    needs: ['make', 'gcc'],
    repeatable: false,
    script: `
      printf 'prog: a.o b.o\\n\\t@echo link; $(CC) -o $@ $^\\n%%.o: %%.c\\n\\t@echo compile $<; $(CC) -c -o $@ $<\\n' > Makefile
      echo 'int b(void); int main(void) { return b(); }' > a.c; echo 'int b(void) { return 5; }' > b.c
      make; ./prog || echo "status $?"; make; sleep 0.02; echo 'int b(void) { return 6; }' > b.c; make; ./prog || echo "status $?"; make -B`,
  });
});
