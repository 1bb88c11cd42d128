// Precompiled for the tests.
#pragma once

#include <gtest/gtest.h>

#include "precompiled_services.h"
