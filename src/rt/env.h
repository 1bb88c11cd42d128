// Env: the world as a parameter. Clock and waiting (Loop), randomness, and what blocks (Workers).
// Files go through store/ and its blob folder, sockets through net/, processes through
// rt/process.h, namespaces through planes/; each has its simulated twin where the control plane
// needs one.
#pragma once

#include "rt/loop.h"
#include "rt/random.h"
#include "rt/workers.h"

namespace unkai {

struct Env {
    Loop& loop;
    Random& random;
    Workers& workers;

    Time now() const { return loop.now(); }
};

}  // namespace unkai
