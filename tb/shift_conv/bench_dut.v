// SPDX-License-Identifier: Apache-2.0
// Makes tb/conv_engine/conv_bench.v a bench of shift_conv; goes before it in the list of sources.
`define CONV_DUT shift_conv
`define CONV_DUT_LANE
`define CONV_LANE "S0"
