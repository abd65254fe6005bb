// SPDX-License-Identifier: Apache-2.0
// The lane of mac_conv for the benches that take any lane; goes before them in the list of sources.
`define CONV_LANE "M8"
`define NETWORK_LANE "M8"
