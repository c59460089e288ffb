-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- Which directories may run things. Neovim has no workspace trust of its own, so the answers are
-- kept in a file of ours, and a directory that nobody answered for is not trusted.

local M = {}

local function store()
  local ok, state = pcall(vim.fn.stdpath, "state")
  return (ok and state or vim.fn.stdpath("data")) .. "/rex/trusted"
end

local function remembered()
  local path = store()
  return vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
end

local function real(root)
  return vim.loop.fs_realpath(root) or root
end

--- Whether the directory is trusted: by the option `trusted`, or by an answer given before.
function M.is_trusted(root)
  if root == nil then
    return false
  end
  local option = require("rex.options").get().trusted
  if type(option) == "function" then
    return option(root) == true
  elseif option ~= nil then
    return option
  end
  return vim.tbl_contains(remembered(), real(root))
end

--- Remembers that the directory is trusted.
function M.grant(root)
  local roots = remembered()
  if not vim.tbl_contains(roots, real(root)) then
    table.insert(roots, real(root))
    vim.fn.mkdir(vim.fn.fnamemodify(store(), ":h"), "p", "0700")
    vim.fn.writefile(roots, store())
  end
end

return M
