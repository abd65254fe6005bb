// SPDX-License-Identifier: Apache-2.0
// One network_device under Verilator with nothing else: no cocotb, no VPI, no Python. Commands come
// on standard input, a line each:
//   set PIN VALUE    an input, from the next clock on
//   run              clock until `wake` rises, then answer with the outputs and the seconds it took
//   pulse PIN        PIN high for four cycles
// The same players and recorders work as in the network bench, so it is the same simulation.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "Vtop.h"
#include "verilated.h"

static VerilatedContext context;
static Vtop* top;

static void tick() {
    top->clk = 1;
    top->eval();
    context.timeInc(1);
    top->clk = 0;
    top->eval();
    context.timeInc(1);
}

static bool set(const char* pin, uint32_t value) {
#define PIN(name) \
    if (!std::strcmp(pin, #name)) { top->name = value; return true; }
    PIN(rst) PIN(go) PIN(arm) PIN(job) PIN(want_y) PIN(want_q) PIN(watch) PIN(quiet_limit)
#undef PIN
    // Verilator renames ports that are names of C functions.
    if (!std::strcmp(pin, "abort")) { top->__SYM__abort = value; return true; }
    return false;
}

int main(int argc, char** argv) {
    context.commandArgs(argc, argv);
    top = new Vtop{&context};
    char word[32], pin[32];
    unsigned value;
    top->clk = 0;
    top->eval();
    while (std::scanf("%31s", word) == 1) {
        bool good = true;
        if (!std::strcmp(word, "set")) {
            good = std::scanf("%31s %u", pin, &value) == 2 && set(pin, value);
        } else if (!std::strcmp(word, "pulse")) {
            good = std::scanf("%31s", pin) == 1 && set(pin, 1);
            for (int i = 0; i < 4; i++) tick();
            set(pin, 0);
            tick();
        } else if (!std::strcmp(word, "run")) {
            const auto begin = std::chrono::steady_clock::now();
            tick();  // `arm` has changed: wake falls
            while (!top->wake) tick();
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            std::printf("%u %u %u %u %u %u %.9f\n", unsigned(top->idle), top->cycles,
                        unsigned(top->refused), unsigned(top->failed),
                        unsigned(top->xseen), unsigned(top->unstable), took.count());
            std::fflush(stdout);
        } else {
            good = false;
        }
        if (!good) {
            std::fprintf(stderr, "bad command: %s\n", word);
            return 2;
        }
    }
    top->final();
    delete top;
    return 0;
}
