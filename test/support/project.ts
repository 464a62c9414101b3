/** A small C project: a library, a program that uses it, a generated header and a test. */
export const smallProject = `
  mkdir -p src lib
  echo 'int twice(int n);' > lib/twice.h
  printf '#include "twice.h"\\nint twice(int n) { return 2 * n; }\\n' > lib/twice.c
  for i in 1 2 3 4 5 6; do printf 'int part%d(void) { return %d; }\\n' $i $i > src/part$i.c; done
  cat > src/main.c <<'END'
#include <stdio.h>
#include "config.h"
#include "twice.h"
int part1(void), part2(void), part3(void), part4(void), part5(void), part6(void);
int main(void)
{
	printf("%s %d %d\\n", PACKAGE_NAME, twice(21), part1() + part2() + part3() + part4() + part5() + part6());
	return 0;
}
END`;
