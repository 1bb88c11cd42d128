// Records → network: after every commit that touches ec2, the whole of it as one snapshot.
//
//     Publisher publisher(env, store, network);
//     publisher.start();                       // and makes what was there before a restart
//     co_await publisher.stop();
//
// VPCs without an interface in use stay out of the machine: they cost nothing. What waits for the
// network goes on here: NAT gateways become available, or deleted. A network that refuses is asked
// again every second, and the log says why.
#pragma once

#include "planes/network/network.h"
#include "rt/env.h"
#include "rt/event.h"
#include "store/store.h"

namespace unkai::services::ec2 {

// Everything that is in use, of all accounts and regions. Pure but for reading the store.
planes::network::Snapshot compile(store::Txn& txn);

class Publisher {
public:
    Publisher(Env& env, store::Store& store, planes::network::Network& network)
        : env_(env), store_(store), network_(network) {}

    void start();
    Task<void> stop();
    // Waits until the network has all that was committed before the call. For tests and orderly
    // ends.
    Task<void> settle();

private:
    Task<void> run();
    // The NAT gateways whose interface came or went with the snapshot just applied.
    Task<Status> advance(const planes::network::Snapshot& applied);

    Env& env_;
    store::Store& store_;
    planes::network::Network& network_;
    std::unique_ptr<store::Store::Watch> watch_;
    Scope scope_;
    Stop stop_;
    Event changed_;
    Event published_;
    uint64_t wanted_ = 1;  // Changes seen; the first is the start itself.
    uint64_t done_ = 0;
};

}  // namespace unkai::services::ec2
