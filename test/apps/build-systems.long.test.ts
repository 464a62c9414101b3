import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';
import { smallProject } from '../support/project.js';

const mounted = useMountedContainer();

describe('cmake', () => {
  const project = `${smallProject}
      printf '#define PACKAGE_NAME "small"\\n' > config.h.in
      cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(small C)
enable_testing()
configure_file(config.h.in config.h)
add_library(twice SHARED lib/twice.c)
target_include_directories(twice PUBLIC lib)
file(GLOB parts src/*.c)
add_executable(small \${parts})
target_include_directories(small PRIVATE \${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(small twice)
add_test(NAME runs COMMAND small)
install(TARGETS small twice)
END`;
  sameAsKernel(mounted, {
    name: 'configures, builds with ninja, tests, installs and builds what has changed',
    needs: ['cmake', 'ninja', 'gcc'],
    repeatable: false,
    options: { seconds: 90 },
    script: `${project}
      cmake -S . -B build -G Ninja -DCMAKE_INSTALL_PREFIX="$PWD/root" -DCMAKE_INSTALL_RPATH='$ORIGIN/../lib' | grep -c written
      cmake --build build --parallel 2 | tail -1 | grep -o 'Linking.*'; build/small; (cd build; ctest 2>&1 | grep 'tests passed'); cmake --install build | grep -c Installing; root/bin/small
      ninja -C build | tail -1; touch src/part2.c; ninja -C build -v | grep -c 'part2.c.o -c'; ninja -C build -t clean | tail -1; ls root/*; (cd build; ls | sort)`,
  });
});
