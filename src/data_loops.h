// The threads of the data planes: one event loop each, started with the program, ended with it.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "rt/loop.h"

namespace unkai {

class DataLoops {
public:
    explicit DataLoops(size_t count = std::max(1U, std::thread::hardware_concurrency())) {
        for (size_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<Running>());
    }

    std::vector<Loop*> all() const {
        std::vector<Loop*> out;
        for (const auto& running : threads_) out.push_back(&running->loop);
        return out;
    }

private:
    struct Running {
        Running() : thread([this] { loop.run(); }) {}
        ~Running() {
            loop.stop();
            thread.join();
        }
        Loop loop;
        std::thread thread;
    };
    std::vector<std::unique_ptr<Running>> threads_;
};

}  // namespace unkai
