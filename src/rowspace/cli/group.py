"""Errors that are the user's to mend become one line and an exit status."""

from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

from rowspace.cli.ending import Ended
from rowspace.cli.output import check_shown, note, note_error
from rowspace.errors import RowspaceError


def _options(command: Any) -> set[str]:
    """The parameters that are options, of a command and those below it."""
    own = {parameter.name for parameter in command.params if parameter.param_type_name == "option"}
    return own.union(*map(_options, getattr(command, "commands", {}).values()))


class Commands(TyperGroup):
    """A group of commands that ends with a line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; status 1 after an error, 130 after Ctrl-C, 143 after SIGTERM."""
        try:
            result = super().invoke(ctx)
            check_shown()
            return result
        except BrokenPipeError:
            raise  # of --help: nobody reads on, which is no error
        except (RowspaceError, OSError, MemoryError) as error:
            note_error(error, options=_options(ctx.command))
            raise typer.Exit(1) from None
        except KeyboardInterrupt as error:
            ended = Ended.of(error)
            note(f"rowspace: {ended.word}")
            raise typer.Exit(ended.status) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; a name like no command's is refused with those there are."""
        if not args[0].startswith("-") and not get_close_matches(args[0], self.commands):
            ctx.fail(f"No such command {args[0]!r}. Give one of: {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands, each with its whole sentence, however narrow the terminal."""
        found = [(name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(found)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of their making, what has commands of its own first."""
        return sorted(self.commands, key=lambda name: not isinstance(self.commands[name], TyperGroup))
