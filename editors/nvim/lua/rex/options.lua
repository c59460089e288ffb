-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- What a person can set, checked where they set it.

local M = {}

local defaults = {
  interpreter = { "python3" },
  trusted = nil,
  settings = {},
  codelens = true,
}

local current = vim.deepcopy(defaults)

--- Replaces the options. An unknown name or a wrong type is an error that says which.
function M.set(options)
  local accepted = vim.deepcopy(defaults)
  for name, value in pairs(options) do
    if name == "interpreter" then
      local words = type(value) == "string" and { value } or value
      assert(
        type(words) == "table" and type(words[1]) == "string",
        'rex: expected "interpreter" to be a string or a list of strings, found '
          .. vim.inspect(value)
      )
      accepted.interpreter = words
    elseif name == "trusted" then
      assert(
        type(value) == "boolean" or type(value) == "function",
        'rex: expected "trusted" to be a boolean or a function of a directory, found '
          .. vim.inspect(value)
      )
      accepted.trusted = value
    elseif name == "settings" then
      assert(
        type(value) == "table",
        'rex: expected "settings" to be a table, found ' .. vim.inspect(value)
      )
      accepted.settings = value
    elseif name == "codelens" then
      assert(
        type(value) == "boolean",
        'rex: expected "codelens" to be a boolean, found ' .. vim.inspect(value)
      )
      accepted.codelens = value
    else
      error(
        'rex: expected one of "interpreter", "trusted", "settings", "codelens", found "'
          .. name
          .. '"'
      )
    end
  end
  current = accepted
end

--- The options in force.
function M.get()
  return current
end

return M
