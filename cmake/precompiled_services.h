// Precompiled for the services and for the program: what every service is written with.
#pragma once

#include "aws/client.h"
#include "precompiled.h"
#include "rt/loop.h"
#include "rt/wait.h"
#include "store/table.h"
#include "wire/json.h"
