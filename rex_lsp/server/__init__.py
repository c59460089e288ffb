# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The language server: protocol wiring only, one module per feature.

The only room that imports pygls and lsprotocol. Everything it says comes from
:mod:`rex_lsp.project` (documents, crates, diagnostics) and :mod:`rex_lsp.deploy`.
"""
