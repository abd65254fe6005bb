// SPDX-License-Identifier: Apache-2.0
// Makes tb/conv_engine/conv_bench.v a bench of plut_conv; goes before it in the list of sources.
`define CONV_DUT plut_conv
`define CONV_LANE "P1"
`define CONV_DUT_PLUT
